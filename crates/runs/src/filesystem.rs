//! Tells network file systems from local ones. It knows names and magic numbers, nothing of jobs.
//!
//! SQLite's WAL needs memory shared between processes, and our locks need one kernel to keep them:
//! neither holds over a network.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::stat::{major, minor};
use nix::sys::statfs::statfs;

use super::error::{Doing, Result, RunsError};

/// `f_type` of statfs(2) for file systems whose files live on another machine, from linux/magic.h
/// and the file systems' own sources.
const NETWORK: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB2"),
    (0x0102_1997, "9P"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x564C, "NCP"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0x0116_1970, "GFS2"),
    (0x7461_636F, "OCFS2"),
];

const FUSE_MAGIC: u64 = 0x6573_5546;

/// FUSE's own magic number says nothing of what is behind it; its subtype in mountinfo does.
const FUSE_NETWORK: &[&str] = &[
    "sshfs",
    "glusterfs",
    "s3fs",
    "rclone",
    "davfs",
    "curlftpfs",
    "gcsfuse",
    "ceph-fuse",
    "ceph",
    "juicefs",
    "goofys",
    "mount-s3",
    "blobfuse2",
    "moosefs",
    "lizardfs",
    "cvmfs2",
];

fn network_name(magic: u64, mount_type: Option<&str>) -> Option<String> {
    if magic == FUSE_MAGIC {
        let subtype = mount_type?.strip_prefix("fuse.")?;
        return FUSE_NETWORK
            .contains(&subtype)
            .then(|| mount_type.unwrap_or_default().to_owned());
    }
    NETWORK
        .iter()
        .find(|(network, _)| *network == magic)
        .map(|(_, name)| (*name).to_owned())
}

/// The mount type of a device in the text of `/proc/self/mountinfo` (proc(5)): third field, and
/// first after ` - `.
fn mount_type(mountinfo: &str, device: &str) -> Option<String> {
    let line = mountinfo.lines().rfind(|line| line.split(' ').nth(2) == Some(device))?;
    Some(line.split_once(" - ")?.1.split(' ').next()?.to_owned())
}

/// Refuses a directory on a network file system, by its name (SPEC §9).
pub(crate) fn refuse_network(directory: &Path) -> Result<()> {
    let kind = statfs(directory).doing("examine", directory)?.filesystem_type();
    // The field's type differs between platforms, and so may its sign; magic numbers are 32 bits
    // wide.
    #[allow(clippy::unnecessary_cast, reason = "the type of f_type differs between platforms")]
    let magic = kind.0 as u64 & 0xFFFF_FFFF;
    let mounted = if magic == FUSE_MAGIC {
        let device = fs::metadata(directory).doing("examine", directory)?.dev();
        let mountinfo = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        mount_type(&mountinfo, &format!("{}:{}", major(device), minor(device)))
    } else {
        None
    };
    match network_name(magic, mounted.as_deref()) {
        None => Ok(()),
        Some(name) => Err(RunsError::refused(
            "use the runs directory",
            directory,
            format!(
                "it is on a network file system ({name}), where locks and the database's shared memory cannot be relied on"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_name() {
        assert_eq!(network_name(0x6969, None).as_deref(), Some("NFS"));
        assert_eq!(network_name(0xFF53_4D42, None).as_deref(), Some("CIFS"));
        assert_eq!(network_name(0xEF53, None), None, "ext4");
        assert_eq!(
            network_name(FUSE_MAGIC, Some("fuse.sshfs")).as_deref(),
            Some("fuse.sshfs")
        );
        assert_eq!(network_name(FUSE_MAGIC, Some("fuse.bindfs")), None);
        assert_eq!(network_name(FUSE_MAGIC, None), None);
    }

    #[test]
    fn mountinfo_gives_the_type_of_a_device() {
        let text =
            "36 35 98:0 / /mnt rw,noatime shared:1 - ext4 /dev/root rw\n40 35 0:52 / /far rw - fuse.sshfs host:/ rw\n";
        assert_eq!(mount_type(text, "0:52").as_deref(), Some("fuse.sshfs"));
        assert_eq!(mount_type(text, "98:0").as_deref(), Some("ext4"));
        assert_eq!(mount_type(text, "1:1"), None);
    }

    #[test]
    fn a_local_directory_is_accepted() {
        refuse_network(&std::env::temp_dir()).unwrap();
    }
}
