"""Runs the README's commands for one's own images, and the demo, on small pictures and with few steps.

usage: commands.py SOURCE_DIR PROGRAM STREETS CMAKE
"""

import pathlib
import re
import subprocess
import sys
import tempfile

CONFIG = """
[data]
holdout_every = 4
workers = 0
[augmentation]
source_width = 0
source_height = 0
target_width = 0
target_height = 0
base_width = 0
crop_width = 0
crop_height = 0
[network]
name = "compact"
[warm_up]
iterations = 8
learning_rate = 0.01
[stages]
iterations = 1
margin = 0.01
probability = 0.1
[run]
batch = 2
threads = 1
"""
SMALL = ["--width", "64", "--height", "48", "--samples", "1", "--workers", "1"]


def block_with(page, command):
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        if command in block:
            return block
    sys.exit(f"{page}: expected a block of shell commands with {command}, found none")


def main():
    source, program, streets, cmake = sys.argv[1:]
    block = block_with(pathlib.Path(source) / "README.md", "$P adapt")
    values = {"P": program, "C": "small.toml"}
    script, replaced = re.subn(r"^([PC])=.*$", lambda line: f"{line[1]}={values[line[1]]}", block,
                               flags=re.MULTILINE)
    if replaced != 2:
        sys.exit("README.md: expected the lines P=... and C=... before its commands")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "small.toml").write_text(CONFIG)
        (folder / "FOLDER").symlink_to("CITYSCAPES/leftImg8bit/val")

        def run(*command):
            print("+", *command, flush=True)
            subprocess.run(command, cwd=folder, check=True)

        run(streets, *SMALL, "--images", "8", "--out", "GTA5")
        run(streets, *SMALL, "--layout", "cityscapes", "--style", "overcast", "--images", "4", "--validation", "2",
            "--out", "CITYSCAPES")
        run("sh", "-eux", "-c", script)
        demo = pathlib.Path(source) / "examples/demo/demo.cmake"
        run(cmake, f"-DSTREETS={streets}", f"-DPROGRAM={program}", "-DCONFIG=small.toml", "-DFOLDER=demo", "-DIMAGES=8",
            f"-DMORE={';'.join(SMALL)}", "-P", demo)
        for made in ["RUN/networks/stage-3/manifest.json", "PICTURES/overlay", "demo/figure.png", "demo/pictures/overlay"]:
            if not (folder / made).exists():
                sys.exit(f"expected the commands to make {made}")


if __name__ == "__main__":
    main()
