"""A stand-in for the build backend of a source archive that we want to read, not to build.

pip insists on a source archive's metadata, even for `pip download --no-deps`. This answers with the
PKG-INFO that the archive carries, so that no build tool is fetched and no line of its setup runs.
"""

import os
import re
import shutil


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    with open("PKG-INFO", encoding="utf-8") as f:
        text = f.read()
    name, version = (re.search(f"^{key}: (.+)$", text, re.M)[1] for key in ("Name", "Version"))
    info = f"{name}-{version}.dist-info"
    os.mkdir(os.path.join(folder, info))
    shutil.copy("PKG-INFO", os.path.join(folder, info, "METADATA"))
    return info
