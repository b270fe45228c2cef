"""A running collector for end-to-end tests: the program under test is $SPANMILL (default build/release/spanmill)."""
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from ports import free_ports  # noqa: E402,F401
PROGRAM = os.environ.get("SPANMILL", str(ROOT / "build/release/spanmill"))


def wait_until(condition, limit_s=30, what="condition"):
    """Polls `condition` until it gives something true, which is returned; fails after limit_s."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("timed out after %s s waiting for %s" % (limit_s, what))


def is_listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
        return True
    except OSError:
        return False


def get(url, headers=None):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=10) as answer:
        return answer.read().decode()


def post(url, body, content_type, headers=None):
    """Status and body, also of refusals."""
    request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type, **(headers or {})}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


def limit(limits):
    for kind, number in limits:
        resource.setrlimit(kind, (number, number))


class Collector:
    def __init__(self, folder, config, ports, args=()):
        self.folder, self.ports = folder, ports
        self.config = folder / "config.yaml"
        self.write(config)
        self.log_path = folder / "collector.log"
        self.args = list(args)
        self.process = None

    def write(self, config):
        self.config.write_text(config)

    def start(self, ready_port, limits=()):
        """`limits`: pairs of resource and number for this process."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "--config", str(self.config), *self.args], stdout=log, stderr=log, cwd=self.folder, preexec_fn=lambda: limit(limits))
        wait_until(lambda: self.process.poll() is not None or is_listening(ready_port), what="the collector to listen")
        assert self.process.poll() is None, self.log()
        return self

    def log(self):
        return self.log_path.read_text(errors="replace")

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(timeout=30) == 0, self.log()[-3000:]


@pytest.fixture
def collector(tmp_path):
    """collector(config_text, **names_to_ports): writes and starts; stopped at the end, with exit status 0."""
    made = []

    def make(config, ready_port, start=True, args=()):
        one = Collector(tmp_path, config, {}, args)
        made.append(one)
        return one.start(ready_port) if start else one

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def node_modules():
    """The JavaScript SDK and Datadog's tracer, installed once beside the build."""
    if not shutil.which("npm"):
        pytest.fail("npm is not installed: scripts/install-packages test")
    folder = ROOT / "build" / "e2e-js"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (ROOT / "tests/e2e/js/package.json").read_text()
    done = folder / "installed.json"
    if not done.exists() or done.read_text() != wanted:
        (folder / "package.json").write_text(wanted)
        npm = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--omit=optional"], cwd=folder, capture_output=True, text=True, timeout=300)
        assert npm.returncode == 0, npm.stderr
        done.write_text(wanted)
    for script in (ROOT / "tests/e2e/js").glob("*.js"):
        shutil.copy(script, folder)
    return folder
