"""Whether a file lies on a network file system, where SQLite's locks cannot be trusted."""

import re
from pathlib import Path

from wazir.domain.errors import StorageError

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(r"\\([0-7]{3})")

# Kinds of file systems that several machines can write, as Linux names them.
NETWORK_KINDS = frozenset(
    {
        *("nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "coda"),
        *("lustre", "gpfs", "beegfs", "panfs", "pvfs2", "orangefs", "wekafs", "ceph", "davfs"),
        *("glusterfs", "gfs", "gfs2", "ocfs2", "fuse.sshfs", "sshfs", "fuse.beegfs", "fuse.ceph"),
        *("fuse.ceph-fuse", "fuse.glusterfs", "fuse.davfs2", "fuse.s3fs", "fuse.gcsfuse"),
        *("fuse.goofys", "fuse.rclone", "fuse.juicefs", "fuse.mountpoint-s3", "fuse.smbnetfs"),
    }
)


def refuse_network_file(path: Path, mounts: str | None = None) -> None:
    """Raise StorageError if a file would lie on a network file system.

    Args:
        path: the file; it need not be there.
        mounts: the text of /proc/self/mountinfo, read from there by default. Where it cannot be
            read (macOS), every file is accepted.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text("utf-8", "replace")
        except OSError:
            return
    kind = file_system_kind(path.resolve(), mounts)
    if kind in NETWORK_KINDS:
        raise StorageError(
            f"{path} lies on a network file system ({kind}), where SQLite can lose data: "
            "its locks do not work between machines",
            hint="put the database on a disk of this machine; to share studies between machines "
            "use `wazir serve` on one of them, or PostgreSQL",
        )


def file_system_kind(path: Path, mounts: str) -> str:
    """Return the kind of the file system that holds an absolute path, "" if unknown.

    `mounts` is in the format of proc_pid_mountinfo(5).
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split()
        if not separator or len(fields) < 5 or not after.split():
            continue
        point = Path(_ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4]))
        # A later mount on the same folder hides an earlier one.
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split()[0]
    return kind
