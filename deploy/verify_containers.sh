#!/usr/bin/env bash
# Builds every image and tries them on this machine's engine, first one by one as a platform runs
# them, then together under Compose. Needs Docker, Python 3.11 and nothing else; takes minutes.
#
#     deploy/verify_containers.sh [TARGET...]     (all, or only those targets are built)
#
# What it printed where it was last run stands in docs/verified.md.
set -euo pipefail
cd "$(dirname "$0")/.."

commit=$(git rev-parse HEAD)
git diff --quiet HEAD -- || commit="$commit-with-changes"
python=$(sed -n 's/^ARG PYTHON=//p' deploy/Dockerfile)

printf 'date      %s\ncommit    %s\n' "$(date -u +%FT%TZ)" "$commit"
printf 'engine    %s, %s\n' "$(docker version --format '{{.Server.Version}}')" "$(uname -m)"
printf 'base      python:%s (%s)\n' "$python" \
    "$(docker run --rm "python:$python" python --version)"

declare -A names=([web]=spotter-web [worker]=spotter-worker [all-in-one]=spotter
    [train]=spotter-train [queue]=spotter-queue)
for target in "${@:-web worker all-in-one train queue}"; do
    for one in $target; do
        began=$SECONDS
        docker build --quiet --file deploy/Dockerfile --target "$one" --tag "${names[$one]}" \
            --build-arg "COMMIT=$commit" . >/dev/null
        printf 'built     %s in %s s\n' "${names[$one]}" "$((SECONDS - began))"
    done
done

python3 -m deploy.container_check

for compose in docker-compose 'docker compose'; do
    if version=$($compose version --short 2>/dev/null); then
        printf '\ncompose   %s (%s)\n' "$compose" "$version"
        python3 -m deploy.compose_check --compose "$compose"
    else
        printf '\nnot run   %s is not installed here\n' "$compose"
    fi
done
