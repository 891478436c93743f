"""The doctor on the command line.

python -m deploy.doctor            say what is wrong with the deployment's files; 1 if anything is
python -m deploy.doctor --json     the same for programs
python -m deploy.doctor --rules    every rule, with its reason
python -m deploy.doctor FOLDER     another checkout
"""

import argparse
import json
import sys
from pathlib import Path

from deploy.doctor.check import RULES, check
from deploy.doctor.project import ROOT, Project


def main() -> int:
    """Check and report; the status is 1 where something was found."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.doctor", description="Checks deploy files."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT, help="a checkout of Spotter")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--rules", action="store_true", help="list the rules")
    options = parser.parse_args()
    if options.rules:
        for rule in RULES:
            print(f"{rule.code}\n    {rule.why}\n    {rule.how}")
        return 0
    project = Project(options.folder)
    findings = check(project)
    if options.json:
        print(json.dumps([finding.to_dict() for finding in findings], indent=2))
    else:
        for finding in findings:
            print(finding)
        files = len(project.yaml_files)
        print(f"doctor: {files} files, {len(RULES)} rules, {len(findings) or 'no'} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
