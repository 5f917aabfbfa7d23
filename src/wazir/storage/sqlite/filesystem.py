"""Refuses a database on a network file system, where SQLite's locks do not hold."""

from pathlib import Path

from wazir.domain.errors import StorageError

NETWORK_TYPES = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs",
        "fuse.gcsfuse", "fuse.juicefs", "lustre", "ceph", "fuse.ceph", "gpfs", "beegfs", "afs",
        "9p", "ncpfs", "glusterfs", "orangefs", "pvfs2",
    }
)  # fmt: skip
_MOUNTS = Path("/proc/self/mountinfo")


def check_local(database: Path) -> None:
    """Raise StorageError if the file lies on a network file system; Linux only."""
    try:
        text = _MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    folder = database.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    kind = filesystem_type(folder.resolve(), text)
    if kind in NETWORK_TYPES:
        raise StorageError(
            f"{database} lies on a network file system ({kind}), where SQLite loses data "
            "when several machines write",
            hint="name a local file with --storage",
        )


def filesystem_type(folder: Path, mountinfo: str) -> str:
    """Return the type of the mount that holds `folder`, "" if none is found.

    `mountinfo` is the text of /proc/self/mountinfo (see proc(5)).
    """
    found, depth = "", -1
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split()
        if not separator or len(fields) < 5:
            continue
        point = Path(fields[4].encode().decode("unicode_escape"))
        # Later lines hide earlier ones that are mounted at the same place.
        if (point == folder or point in folder.parents) and len(point.parts) >= depth:
            found, depth = after.split()[0], len(point.parts)
    return found
