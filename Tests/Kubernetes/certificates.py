"""A certificate authority and a certificate for each program, in the files of a kubernetes.io/tls secret as cert-manager makes them."""

import pathlib
import subprocess


def make(directory: pathlib.Path, names: list[str]):
    directory.mkdir()
    _openssl(directory, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-keyout", "ca.key",
             "-out", "ca.crt", "-subj", "/CN=Jetty test CA")
    for name in names:
        own = directory / name
        own.mkdir()
        _openssl(directory, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}/tls.key", "-out",
                 f"{name}/tls.csr", "-subj", f"/CN={name}")
        (own / "ext").write_text(f"subjectAltName=DNS:{name},DNS:{name}-headless,URI:spiffe://jetty/{name}\nextendedKeyUsage=serverAuth,clientAuth\n")
        _openssl(directory, "x509", "-req", "-in", f"{name}/tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1",
                 "-extfile", f"{name}/ext", "-out", f"{name}/tls.crt")
        (own / "ca.crt").write_bytes((directory / "ca.crt").read_bytes())
        for used in ("ext", "tls.csr"):
            (own / used).unlink()


def _openssl(directory: pathlib.Path, *arguments: str):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)
