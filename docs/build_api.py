"""API pages from the docstrings, one a module, into docs/api. Modules that need an extra which is absent are named."""

import os
import pydoc
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "api"


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    os.chdir(TARGET)  # pydoc writes where it stands
    files = sorted((ROOT / "migration").rglob("*.py"))
    for name in [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]:
        try:
            module = pydoc.safeimport(name)
        except pydoc.ErrorDuringImport as error:
            print(f"left out: {name} ({error.value})")
            continue
        page = pydoc.html.page(pydoc.describe(module), pydoc.html.document(module, name)).replace(str(ROOT), "")
        Path(f"{name}.html").write_text(page, encoding="utf-8")
    shutil.copyfile("migration.html", "index.html")
    print(f"API pages: {TARGET / 'index.html'}")


if __name__ == "__main__":
    main()
