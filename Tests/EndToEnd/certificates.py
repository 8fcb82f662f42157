"""Certificates for tests, made with openssl: by the authority of a stack that runs with TLS, or by another one."""

import dataclasses
import pathlib
import subprocess

import grpc

GOOD_DAYS = 3
EXPIRED = -1  # the end is that many days from now


@dataclasses.dataclass
class Pair:
    certificate: pathlib.Path
    key: pathlib.Path


class Authority:
    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.file = directory / "ca.pem"

    @classmethod
    def new(cls, directory: pathlib.Path) -> "Authority":
        directory.mkdir(parents=True)
        openssl(directory, "req", "-x509", *KEY, "-days", "3", "-subj", "/CN=another authority", "-keyout", "ca.key", "-out", "ca.pem")
        return cls(directory)

    def certify(self, into: pathlib.Path, name: str, uri: str | None = None, days: int = GOOD_DAYS, dns: str = "localhost") -> Pair:
        """NAME.pem and NAME.key in `into`."""
        into.mkdir(parents=True, exist_ok=True)
        names = f"subjectAltName=DNS:{dns},IP:127.0.0.1" + (f",URI:{uri}" if uri else "")
        pair = Pair(into / f"{name}.pem", into / f"{name}.key")
        openssl(into, "req", *KEY, "-subj", f"/CN={name}", "-addext", names, "-keyout", pair.key, "-out", f"{name}.csr")
        signed = ["-CA", self.file, "-CAkey", self.directory / "ca.key", "-CAcreateserial", "-days", days, "-copy_extensions", "copy"]
        openssl(into, "x509", "-req", "-in", f"{name}.csr", *signed, "-out", pair.certificate)
        return pair


KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(directory: pathlib.Path, *arguments):
    subprocess.run(["openssl", *map(str, arguments)], cwd=directory, check=True, capture_output=True, timeout=30)


def credentials(authority: pathlib.Path, pair: Pair | None = None) -> grpc.ChannelCredentials:
    roots = authority.read_bytes()
    if pair is None:
        return grpc.ssl_channel_credentials(roots)
    return grpc.ssl_channel_credentials(roots, pair.key.read_bytes(), pair.certificate.read_bytes())
