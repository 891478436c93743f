#!/usr/bin/env bash
# Puts Spotter on Google Cloud. From the project's folder, after a look at deploy/gcp.env:
#
#     deploy/gcp.sh plan cloudrun      print every command, change nothing and ask nobody
#     deploy/gcp.sh apply cloudrun     run what plan prints; again is harmless
#     deploy/gcp.sh render PATH...     fill ${NAME} in, into var/gcp/; what is missing it asks Google
#     deploy/gcp.sh release cloudrun   roll out the images of TAG; an older TAG rolls back
#
# In the place of cloudrun: demo (all in one container, no Memorystore), appengine, gke.
# deploy/README.md says what each costs, which roles are given, and what has been tried.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/gcp.env
source deploy/gcp.env

IMAGES=$REGION-docker.pkg.dev/$PROJECT_ID/$REPOSITORY
SCALER=us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler:1.2
KEDA=https://github.com/kedacore/keda/releases/download/v2.20.0/keda-2.20.0.yaml
OUT=var/gcp

fail() {
    echo "gcp.sh: $1" >&2
    exit 1
}

account() { # NAME: the address of a service account
    echo "spotter-$1@$PROJECT_ID.iam.gserviceaccount.com"
}

# ---- values ---------------------------------------------------------------------------------

ask_google() { # NAME: print what Google chose
    case $1 in
        PROJECT_NUMBER) gcloud projects describe "$PROJECT_ID" --format='value(projectNumber)' ;;
        REDIS_HOST) gcloud redis instances describe spotter-queue --project="$PROJECT_ID" \
            --region="$REGION" --format='value(host)' ;;
        # A release keeps as many workers as the scaler chose; the first one starts with one.
        WORKER_INSTANCES) gcloud run worker-pools describe spotter-worker --project="$PROJECT_ID" \
            --region="$REGION" \
            --format='value(metadata.annotations["run.googleapis.com/manualInstanceCount"])' \
            2>/dev/null || echo 1 ;;
        *) fail "deploy/gcp.env gives no value for $1" ;;
    esac
}

render() { # PATH...: files and folders, filled in, below $OUT
    local file text name
    for file in $(find "$@" -name '*.yaml' | sort); do
        text=$(<"$file")
        # shellcheck disable=SC2016  # names are looked for, not filled in
        for name in $(grep -v '^ *#' "$file" | grep -o '\${[A-Z_]*}' | tr -d '${}' | sort -u); do
            [[ -n ${!name:-} ]] || printf -v "$name" %s "$(ask_google "$name")"
            [[ -n ${!name} ]] || fail "$name of $file is empty: set it in deploy/gcp.env"
            text=${text//"\${$name}"/${!name}}
        done
        mkdir -p "$OUT/$(dirname "$file")"
        printf '%s\n' "$text" >"$OUT/$file"
    done
}

# ---- plans: what these print is what `apply` runs ---------------------------------------------

plan_project() {
    cat <<PLAN
# ---- the project: services, accounts, registry --------------------------------------------
export CLOUDSDK_CORE_PROJECT=$PROJECT_ID CLOUDSDK_CORE_DISABLE_PROMPTS=1
gcloud services enable run.googleapis.com artifactregistry.googleapis.com \\
    cloudbuild.googleapis.com ondemandscanning.googleapis.com secretmanager.googleapis.com \\
    redis.googleapis.com compute.googleapis.com parametermanager.googleapis.com
gcloud artifacts repositories describe $REPOSITORY --location=$REGION ||
    gcloud artifacts repositories create $REPOSITORY --location=$REGION --repository-format=docker
PLAN
    local name
    for name in web worker build; do
        plan_account "$name"
    done
    cat <<PLAN
gcloud secrets describe spotter-cookie-secret ||
    openssl rand -hex 32 | tr -d '\\n' |
    gcloud secrets create spotter-cookie-secret --replication-policy=automatic --data-file=-
PLAN
    plan_reader spotter-cookie-secret web
}

plan_account() { # NAME
    cat <<PLAN
gcloud iam service-accounts describe $(account "$1") ||
    gcloud iam service-accounts create spotter-$1 --display-name="Spotter: $1"
PLAN
}

plan_reader() { # SECRET NAME: the account may read this one secret
    cat <<PLAN
gcloud secrets add-iam-policy-binding $1 --condition=None \\
    --member=serviceAccount:$(account "$2") --role=roles/secretmanager.secretAccessor
PLAN
}

plan_queue() {
    cat <<PLAN
# ---- the queue: Memorystore on a private address, with a password ---------------------------
gcloud compute networks subnets describe spotter --region=$REGION ||
    gcloud compute networks subnets create spotter --network=default --region=$REGION \\
    --range=10.64.0.0/20 --enable-private-ip-google-access
gcloud redis instances describe spotter-queue --region=$REGION ||
    gcloud redis instances create spotter-queue --region=$REGION --size=1 --tier=basic \\
    --redis-version=redis_7_2 --redis-config=maxmemory-policy=noeviction --enable-auth \\
    --network=default --persistence-mode=rdb --rdb-snapshot-period=1h
gcloud secrets describe spotter-queue-password ||
    gcloud redis instances get-auth-string spotter-queue --region=$REGION \\
    --format='value(authString)' | tr -d '\\n' |
    gcloud secrets create spotter-queue-password --replication-policy=automatic --data-file=-
PLAN
    plan_reader spotter-queue-password web
    plan_reader spotter-queue-password worker
}

plan_build() { # PLATFORM
    cat <<PLAN
# ---- images: built, tested, scanned and pushed by Cloud Build; then rolled out ---------------
gcloud artifacts repositories add-iam-policy-binding $REPOSITORY --location=$REGION \\
    --member=serviceAccount:$(account build) --role=roles/artifactregistry.writer
PLAN
    local role
    for role in roles/logging.logWriter roles/ondemandscanning.admin roles/storage.objectViewer; do
        cat <<PLAN
gcloud projects add-iam-policy-binding $PROJECT_ID --condition=None \\
    --member=serviceAccount:$(account build) --role=$role
PLAN
    done
    [[ $1 != cloudrun && $1 != demo ]] || plan_release_rights
    cat <<PLAN
gcloud builds submit --region=$REGION --config=deploy/cloudbuild.yaml \\
    --service-account=projects/$PROJECT_ID/serviceAccounts/$(account build) \\
    --substitutions=_REGION=$REGION,_REPOSITORY=$REPOSITORY,_TAG=$TAG,_PLATFORM=$1 .
PLAN
}

plan_release_rights() {
    cat <<PLAN
gcloud projects add-iam-policy-binding $PROJECT_ID --condition=None \\
    --member=serviceAccount:$(account build) --role=roles/run.developer
gcloud projects add-iam-policy-binding $PROJECT_ID --condition=None \\
    --member=serviceAccount:$(account build) --role=roles/redis.viewer
gcloud projects add-iam-policy-binding $PROJECT_ID --condition=None \\
    --member=serviceAccount:$(account build) --role=roles/browser
gcloud iam service-accounts add-iam-policy-binding $(account web) \\
    --member=serviceAccount:$(account build) --role=roles/iam.serviceAccountUser
gcloud iam service-accounts add-iam-policy-binding $(account worker) \\
    --member=serviceAccount:$(account build) --role=roles/iam.serviceAccountUser
PLAN
}

plan_cloudrun() {
    plan_project
    plan_queue
    plan_build cloudrun
    cat <<PLAN
# ---- who may call: everybody reaches web, which asks for keys and sign-in links ---------------
gcloud run services add-iam-policy-binding spotter-web --region=$REGION \\
    --member=allUsers --role=roles/run.invoker
# ---- the scaler of the workers --------------------------------------------------------------
PLAN
    plan_account scaler
    plan_reader spotter-queue-password scaler
    cat <<PLAN
gcloud parametermanager parameters describe spotter-scaler --location=global ||
    gcloud parametermanager parameters create spotter-scaler --location=global \\
    --parameter-format=yaml
gcloud projects add-iam-policy-binding $PROJECT_ID --condition=None \\
    --member=serviceAccount:$(account scaler) --role=roles/parametermanager.parameterViewer
gcloud run worker-pools add-iam-policy-binding spotter-worker --region=$REGION \\
    --member=serviceAccount:$(account scaler) --role=roles/run.developer
gcloud iam service-accounts add-iam-policy-binding $(account worker) \\
    --member=serviceAccount:$(account scaler) --role=roles/iam.serviceAccountUser
deploy/gcp.sh render deploy/cloudrun
gcloud parametermanager parameters versions describe $TAG --parameter=spotter-scaler \\
    --location=global ||
    gcloud parametermanager parameters versions create $TAG --parameter=spotter-scaler \\
    --location=global --payload-data-from-file=$OUT/deploy/cloudrun/crema.yaml
gcloud run deploy spotter-scaler --region=$REGION --image=$SCALER \\
    --base-image=us-central1-docker.pkg.dev/serverless-runtimes/google-24/runtimes/java25 \\
    --service-account=$(account scaler) --no-allow-unauthenticated --ingress=internal \\
    --no-cpu-throttling --scaling=1 --network=default --subnet=spotter \\
    --vpc-egress=private-ranges-only \\
    --set-env-vars=CREMA_CONFIG=projects/$PROJECT_ID/locations/global/parameters/spotter-scaler/versions/$TAG
PLAN
}

plan_demo() {
    plan_project
    plan_build demo
    cat <<PLAN
gcloud run services add-iam-policy-binding spotter-demo --region=$REGION \\
    --member=allUsers --role=roles/run.invoker
PLAN
}

plan_appengine() {
    plan_project
    plan_queue
    cat <<PLAN
# ---- App Engine hands over no secrets: the programs read them themselves ---------------------
gcloud services enable appengine.googleapis.com appengineflex.googleapis.com
gcloud app describe || gcloud app create --region=$REGION
gcloud secrets describe spotter-redis-url ||
    gcloud redis instances get-auth-string spotter-queue --region=$REGION \\
    --format='value(authString)' |
    sed "s|.*|redis://:&@\$(gcloud redis instances describe spotter-queue --region=$REGION \\
    --format='value(host)'):6379/0|" | tr -d '\\n' |
    gcloud secrets create spotter-redis-url --replication-policy=automatic --data-file=-
PLAN
    local name role
    for name in web worker; do
        plan_reader spotter-redis-url "$name"
        for role in roles/logging.logWriter roles/monitoring.metricWriter roles/artifactregistry.reader; do
            cat <<PLAN
gcloud projects add-iam-policy-binding $PROJECT_ID --condition=None \\
    --member=serviceAccount:$(account "$name") --role=$role
PLAN
        done
    done
    plan_build none
    echo "deploy/gcp.sh release appengine"
}

plan_gke() {
    plan_project
    plan_queue
    plan_build none
    cat <<PLAN
# ---- the cluster, KEDA, and the secrets that pods mount ---------------------------------------
gcloud services enable container.googleapis.com
PLAN
    # Nodes fetch the images; the project's default account may not, and may be mighty or gone.
    plan_account node
    cat <<PLAN
gcloud projects add-iam-policy-binding $PROJECT_ID --condition=None \\
    --member=serviceAccount:$(account node) --role=roles/container.defaultNodeServiceAccount
gcloud artifacts repositories add-iam-policy-binding $REPOSITORY --location=$REGION \\
    --member=serviceAccount:$(account node) --role=roles/artifactregistry.reader
gcloud container clusters describe spotter --region=$REGION ||
    gcloud container clusters create-auto spotter --region=$REGION --network=default \\
    --subnetwork=spotter --release-channel=regular --service-account=$(account node)
gcloud container clusters get-credentials spotter --region=$REGION
kubectl apply --server-side -f $KEDA
gcloud compute addresses describe spotter --global || gcloud compute addresses create spotter --global
kubectl apply -f deploy/gke/namespace.yaml
kubectl create secret generic spotter --namespace=spotter --dry-run=client -o yaml \\
    --from-file=queue-password=<(gcloud secrets versions access latest --secret=spotter-queue-password) \\
    --from-file=cookie-secret=<(gcloud secrets versions access latest --secret=spotter-cookie-secret) |
    kubectl apply -f -
deploy/gcp.sh release gke
PLAN
}

# ---- releases ---------------------------------------------------------------------------------

# Workers first: they understand the jobs of an older web, not always the other way round.
print_release() { # PLATFORM
    echo "export CLOUDSDK_CORE_PROJECT=$PROJECT_ID CLOUDSDK_CORE_DISABLE_PROMPTS=1"
    case $1 in
        cloudrun)
            echo "gcloud run worker-pools replace $OUT/deploy/cloudrun/workerpool.yaml --region=$REGION"
            echo "gcloud run services replace $OUT/deploy/cloudrun/service.yaml --region=$REGION"
            ;;
        demo)
            echo "gcloud run services replace $OUT/deploy/cloudrun/all-in-one.yaml --region=$REGION"
            ;;
        appengine)
            # One after the other, the old version stopped at once: a quota of 4 instances is enough.
            local options="--version=v$TAG --promote --stop-previous-version"
            local web="gcloud app deploy $OUT/app.yaml --image-url=$IMAGES/web:$TAG $options"
            local worker="gcloud app deploy $OUT/deploy/appengine/worker.yaml --image-url=$IMAGES/worker:$TAG $options"
            # A new application takes no service before `default`, which is web.
            printf '%s\n' "if gcloud app services describe default" \
                "then $worker; $web" "else $web; $worker" "fi"
            echo "gcloud app deploy $OUT/deploy/appengine/dispatch.yaml"
            ;;
        gke)
            echo "kubectl apply -k $OUT/deploy/gke"
            echo "kubectl rollout status deployment/worker --namespace=spotter --timeout=10m"
            echo "kubectl rollout status deployment/web --namespace=spotter --timeout=10m"
            ;;
    esac
}

render_release() { # PLATFORM: what the release of a platform needs
    case $1 in
        cloudrun) render deploy/cloudrun/service.yaml deploy/cloudrun/workerpool.yaml ;;
        demo) render deploy/cloudrun/all-in-one.yaml ;;
        appengine) render app.yaml deploy/appengine ;;
        gke) render deploy/gke ;;
    esac
}

run() { # what is printed is run, each command shown: a secret goes through pipes, never by argument
    check_project
    bash -euxo pipefail -c "$1"
}

check_project() {
    [[ $PROJECT_ID != your-project ]] || fail "set PROJECT_ID in deploy/gcp.env or the environment"
}

# Images are named after a commit, so that one can be told and rolled back to: it must be what is built.
check_commit() {
    [[ -z $(git status --porcelain --untracked-files=no 2>/dev/null) ]] ||
        fail "there are changes that are in no commit, and images are named after one: commit first"
}

check_platform() {
    [[ ${1:-} =~ ^(cloudrun|demo|appengine|gke)$ ]] || fail "say which: cloudrun, demo, appengine or gke"
}

case ${1:-} in
    plan)
        check_platform "${2:-}"
        "plan_$2"
        ;;
    apply)
        check_platform "${2:-}"
        check_project
        check_commit
        run "$("plan_$2")"
        ;;
    render)
        render "${@:2}"
        ;;
    release)
        check_platform "${2:-}"
        render_release "$2"
        run "$(print_release "$2")"
        ;;
    *)
        sed -n '2,/^set /s/^# \{0,1\}//p' deploy/gcp.sh
        exit 2
        ;;
esac
