"""A container engine of the test's own: unpacked from Debian packages, in a network namespace of its own.

No port of the machine is taken. What may be used again (the unpacked engine and the base system)
stays in the cache folder; everything else is gone with `stop`.
"""

import ctypes
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PACKAGES = ("docker.io", "docker-cli", "docker-compose", "docker-buildx", "containerd")
ENGINE_SUITE = "trixie"  # bookworm's engine has no compose of the second version
BASE_SUITE = "bookworm"
BASE_IMAGE = "stand-in/bookworm:1"
STAND_INS = {
    "python": "python:3.12.12-slim-bookworm",
    "postgres": "postgres:18.1-bookworm",
    "redis": "redis:7.4.7-alpine",
}
NEEDED_PROGRAMS = {"debootstrap": "debootstrap", "runc": "runc", "iptables": "iptables", "ip": "iproute2"}
NAMESPACE = "social-metrics-compose"
OUTER, INNER = "10.213.77.1", "10.213.77.2"
SUBNET = f"{INNER}/30"
CLONE_NEWNET = 0x40000000
START_SECONDS = 60


def run(*command: str | Path, **options: object) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return str(done.stdout)


@dataclass
class Engine:
    """The engine; `cache` outlives it, `folder` does not."""

    cache: Path
    folder: Path
    _daemon: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _forwarded: str = field(default="0", init=False)

    @property
    def environment(self) -> dict[str, str]:
        """For the client and its plugins."""
        programs = [str(self.cache / "engine/usr" / folder) for folder in ("bin", "sbin")]
        return {
            "PATH": os.pathsep.join([*programs, os.environ["PATH"]]),
            "HOME": str(self.folder),
            "DOCKER_HOST": f"unix://{self.folder}/docker.sock",
            "DOCKER_CONFIG": str(self.folder / "config"),
        }

    def start(self) -> None:
        """Fetch what is missing, open the namespace, start the daemon, and make the base images."""
        self._install()
        self._fetch()
        self._open_network()
        (self.folder / "config/cli-plugins").mkdir(parents=True)
        for plugin in (self.cache / "engine/usr/libexec/docker/cli-plugins").iterdir():
            (self.folder / "config/cli-plugins" / plugin.name).symlink_to(plugin)
        self._daemon = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{NAMESPACE}", "dockerd", "--data-root", self.folder / "data",
             "--exec-root", self.folder / "run", "--pidfile", self.folder / "dockerd.pid",
             "--host", f"unix://{self.folder}/docker.sock", "--storage-driver", "overlay2", "--mtu", "1400",
             "--ip6tables=false"],
            env=os.environ | self.environment, stdout=(self.folder / "dockerd.log").open("wb"),
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + START_SECONDS
        while subprocess.run(["docker", "info"], env=self.environment, capture_output=True, check=False).returncode:
            assert time.monotonic() < until, (self.folder / "dockerd.log").read_text()[-3000:]
            assert self._daemon.poll() is None, (self.folder / "dockerd.log").read_text()[-3000:]
            time.sleep(0.2)
        self._make_base_images()

    def stop(self) -> None:
        """End the daemon and every container; take the namespace, the rules and the folder away."""
        if self._daemon:
            self._daemon.terminate()
            self._daemon.wait(timeout=START_SECONDS)
        self._close_network()
        for mount in sorted(_mounts_below(self.folder), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(self.folder)

    @contextmanager
    def network(self) -> Iterator[None]:
        """The calling thread inside the engine's namespace, where the stack's ports are."""
        own = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        theirs = os.open(f"/run/netns/{NAMESPACE}", os.O_RDONLY)
        try:
            _set_namespace(theirs)
            yield
        finally:
            _set_namespace(own)
            os.close(theirs)
            os.close(own)

    def _install(self) -> None:
        missing = sorted(package for program, package in NEEDED_PROGRAMS.items() if not shutil.which(program))
        if missing:
            run("apt-get", "update")
            run("apt-get", "install", "--yes", "--no-install-recommends", *missing,
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip

    def _fetch(self) -> None:
        """Unpack the engine and the base system into the cache, each whole or not at all."""
        self.cache.mkdir(parents=True, exist_ok=True)
        mirror = run("apt-get", "indextargets", "--format", "$(SITE)", "Codename: bookworm").split()[0]
        if not (self.cache / "engine").exists():
            work = self.cache / "engine.part"
            shutil.rmtree(work, ignore_errors=True)
            (work / "lists/partial").mkdir(parents=True)
            keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
            (work / "suite.list").write_text(f"deb [signed-by={keyring}] {mirror} {ENGINE_SUITE} main\n")
            options = [f"Dir::State::Lists={work}/lists", f"Dir::Etc::SourceList={work}/suite.list"]
            options += ["Dir::Etc::SourceParts=/dev/null"]
            apt = ["apt-get", *(word for option in options for word in ("-o", option))]
            run(*apt, "update")
            run(*apt, "download", *PACKAGES, cwd=work)
            for package in work.glob("*.deb"):
                run("dpkg", "-x", package, work / "engine")
            (work / "engine").rename(self.cache / "engine")
            shutil.rmtree(work)
        if not (self.cache / "base.tar").exists():
            work = self.cache / "base.part"
            shutil.rmtree(work, ignore_errors=True)
            run("debootstrap", "--variant=minbase", BASE_SUITE, work, mirror)
            run("tar", "--create", "--file", self.cache / "base.tar.part", "--directory", work, ".")
            (self.cache / "base.tar.part").rename(self.cache / "base.tar")
            shutil.rmtree(work)

    def _make_base_images(self) -> None:
        run("docker", "import", self.cache / "base.tar", BASE_IMAGE, env=self.environment)
        context = self.folder / "stand_ins"
        shutil.copytree(Path(__file__).with_name("stand_ins"), context)
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", context / "python/certs.crt")
        for name, tag in STAND_INS.items():
            run("docker", "build", "--quiet", "--tag", tag, context / name, env=self.environment)

    def _open_network(self) -> None:
        self._close_network()
        run("ip", "netns", "add", NAMESPACE)
        run("ip", "link", "add", "smcompose0", "type", "veth", "peer", "name", "smcompose1", "netns", NAMESPACE)
        run("ip", "addr", "add", f"{OUTER}/30", "dev", "smcompose0")
        run("ip", "link", "set", "smcompose0", "up")
        run("ip", "-n", NAMESPACE, "addr", "add", SUBNET, "dev", "smcompose1")
        for link in ("smcompose1", "lo"):
            run("ip", "-n", NAMESPACE, "link", "set", link, "up")
        run("ip", "-n", NAMESPACE, "route", "add", "default", "via", OUTER)
        forwarding = Path("/proc/sys/net/ipv4/ip_forward")
        self._forwarded = forwarding.read_text()
        forwarding.write_text("1")
        run("iptables", "--table", "nat", "--append", "POSTROUTING", "--source", SUBNET, "--jump", "MASQUERADE")

    def _close_network(self) -> None:
        """Harmless where nothing was opened; a run that was killed leaves its namespace to the next."""
        rule = ["--table", "nat", "--delete", "POSTROUTING", "--source", SUBNET, "--jump", "MASQUERADE"]
        for command in (
            ["iptables", *rule],
            ["ip", "link", "delete", "smcompose0"],
            ["ip", "netns", "delete", NAMESPACE],
        ):
            subprocess.run(command, capture_output=True, check=False)
        if self._daemon:
            Path("/proc/sys/net/ipv4/ip_forward").write_text(self._forwarded)


def _mounts_below(folder: Path) -> list[str]:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return [mount for mount in mounts if mount.startswith(f"{folder}/")]


def _set_namespace(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
