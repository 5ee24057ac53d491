//! The ports the simulators listen on. Only loopback: no other machine ever reaches one.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use aws_lc_rs::rand;

use super::{SandboxError, failed, private_file};

/// A port that is ours.
pub(super) struct Port {
    pub listener: TcpListener,
    pub address: SocketAddr,
}

/// Takes a port; 0 is a free one.
pub(super) fn listen(port: u16) -> Result<Port, SandboxError> {
    take(port).map_err(|source| SandboxError::Port { port, source })
}

/// Takes the port of the last start, so that a desk finds what it had written down; a free one where
/// that is taken.
pub(super) fn listen_as_before(noted_in: &Path) -> Result<Port, SandboxError> {
    let before = fs::read_to_string(noted_in).ok();
    let before = before.and_then(|text| text.trim().parse().ok());
    let taken = before.and_then(|port| take(port).ok());
    let port = match taken {
        Some(port) => port,
        None => listen(0)?,
    };
    let text = port.address.port().to_string();
    private_file::write(noted_in, text.as_bytes()).map_err(failed("write", noted_in))?;
    Ok(port)
}

/// A port that somebody else is to listen on: that of the last start, else one that is free now. It is
/// below the ports that systems give away by themselves. `in_use`: whoever is to listen may do so
/// already.
pub(super) fn set_aside(noted_in: &Path, in_use: bool) -> Result<SocketAddr, SandboxError> {
    let before = fs::read_to_string(noted_in).ok();
    let before = before.and_then(|text| text.trim().parse::<u16>().ok());
    if let Some(port) = before.filter(|port| in_use || take(*port).is_ok()) {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    let mut tries = 0;
    let port = loop {
        let mut drawn = [0; 2];
        rand::fill(&mut drawn)
            .map_err(|_| SandboxError::Secret(io::Error::other("no random bytes")))?;
        match take(10_000 + u16::from_be_bytes(drawn) % 20_000) {
            Ok(port) => break port,
            Err(_) if tries < 100 => tries += 1,
            Err(_) => break listen(0)?,
        }
    };
    let text = port.address.port().to_string();
    private_file::write(noted_in, text.as_bytes()).map_err(failed("write", noted_in))?;
    Ok(port.address)
}

fn take(port: u16) -> io::Result<Port> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok(Port { listener, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_kept_while_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("port");
        let first = listen_as_before(&note).unwrap().address;
        let second = listen_as_before(&note).unwrap();
        assert_eq!(second.address, first);
        let third = listen_as_before(&note).unwrap();
        assert_ne!(third.address, first, "taken by the second");
    }

    #[test]
    fn a_port_set_aside_is_the_same_again_even_while_it_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("port");
        let first = set_aside(&note, true).unwrap();
        let _used = TcpListener::bind(first).unwrap();
        assert_eq!(set_aside(&note, true).unwrap(), first);
        assert_ne!(set_aside(&note, false).unwrap(), first);
    }
}
