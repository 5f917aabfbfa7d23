"""A database on a network file system is refused."""

from pathlib import Path

import pytest

from wazir.domain.errors import StorageError
from wazir.storage.sqlite.network_files import file_system_kind, refuse_network_file

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw,relatime - nfs4 server:/home rw,vers=4.2
31 30 8:2 / /home/me/scratch rw master:1 propagate_from:2 - xfs /dev/sdb rw
32 22 0:41 / /mnt/my\040share rw - cifs //server/share rw
33 22 0:42 / /mnt/cloud rw - fuse.sshfs me@server: rw
34 22 0:43 / /data rw - autofs systemd-1 rw
35 22 0:44 / /data rw - lustre mds@tcp:/data rw
36 22 0:45 / /mnt/over rw - nfs server:/x rw
37 22 8:3 / /mnt/over rw - ext4 /dev/sdc rw
a broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/wazir.db", "ext4"),
        ("/home/me/wazir.db", "nfs4"),
        ("/homes/wazir.db", "ext4"),
        ("/home/me/scratch/wazir.db", "xfs"),
        ("/home/me/scratches/wazir.db", "nfs4"),
        ("/mnt/my share/wazir.db", "cifs"),
        ("/mnt/cloud/wazir.db", "fuse.sshfs"),
        ("/data/wazir.db", "lustre"),
        ("/mnt/over/wazir.db", "ext4"),
    ],
)
def test_the_kind_of_file_system_comes_from_the_deepest_and_last_mount(path, kind):
    assert file_system_kind(Path(path), MOUNTS) == kind


def test_a_network_file_system_is_refused_with_what_to_do():
    with pytest.raises(StorageError) as caught:
        refuse_network_file(Path("/home/me/not there/wazir.db"), MOUNTS)
    assert "/home/me/not there/wazir.db lies on a network file system (nfs4)" in str(caught.value)
    assert "wazir serve" in caught.value.hint
    assert "PostgreSQL" in caught.value.hint


def test_a_link_to_a_network_file_system_is_refused(tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    link = tmp_path / "link"
    link.symlink_to(share)
    mounts = f"22 1 8:1 / / rw - ext4 a rw\n23 22 0:40 / {share.resolve()} rw - smb3 b rw"
    with pytest.raises(StorageError, match="smb3"):
        refuse_network_file(link / "wazir.db", mounts)


def test_local_and_unknown_file_systems_are_accepted(tmp_path):
    refuse_network_file(Path("/wazir.db"), MOUNTS)
    refuse_network_file(Path("/wazir.db"), "")
    refuse_network_file(tmp_path / "wazir.db")
