"""Mistakes to plant: in which file, what for what, and the line that the doctor must point at."""

from dataclasses import dataclass

SERVICE = "deploy/cloudrun/service.yaml"
POOL = "deploy/cloudrun/workerpool.yaml"
DEMO = "deploy/cloudrun/all-in-one.yaml"
CREMA = "deploy/cloudrun/crema.yaml"
ENGINE = "app.yaml"
ENGINE_WORKER = "deploy/appengine/worker.yaml"
DISPATCH = "deploy/appengine/dispatch.yaml"
BUILD = "deploy/cloudbuild.yaml"
SCRIPT = "deploy/gcp.sh"
COMPOSE = "docker-compose.yml"
WEB = "deploy/gke/web.yaml"
WORKER = "deploy/gke/worker.yaml"
SCALING = "deploy/gke/scaling.yaml"
INGRESS = "deploy/gke/ingress.yaml"
NETWORK = "deploy/gke/network.yaml"
CONF = "deploy/queue/queue.conf"
ACL = "deploy/queue/users.acl"
DOCKERFILE = "deploy/Dockerfile"
WATCH = "deploy/monitoring/prometheus.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One mistake. `at` is in the line that is reported, the first of `new` unless given."""

    rule: str
    file: str
    old: str
    new: str
    at: str = ""
    reported: str = ""  # the file that the finding is in, where it is another one

    @property
    def name(self) -> str:
        """Return what tells this plant from the others."""
        return f"{self.rule}: {self.file.rpartition('/')[2]} {self.new.strip()[:40] or 'removed'}"


def plant(rule: str, file: str, old: str, new: str, at: str = "", reported: str = "") -> Plant:
    """Make a plant, in one line of a table."""
    return Plant(rule=rule, file=file, old=old, new=new, at=at, reported=reported)


# fmt: off
# A table: a mistake a line.

NETWORKS = """        run.googleapis.com/network-interfaces: '[{"network": "default", "subnetwork": "spotter"}]'
"""
RUNNING = """          - type: redis
            name: running
            metadata:
              address: ${REDIS_HOST}:6379
              listName: spotter:running
              listLength: "2"
              databaseIndex: "0"
            authenticationRef:
              name: queue
"""

PAUSED = """          - type: redis
            name: paused
            metadata:
              address: ${REDIS_HOST}:6379
              listName: spotter:paused
              listLength: "20"
            authenticationRef:
              name: queue
          - type: redis
            name: bulk
"""
SECOND_SCALER = """---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: worker
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: worker
  maxReplicas: 4
---
apiVersion: policy/v1
"""

FILES = [
    plant("yaml-broken", SERVICE, "  traffic:\n", "  traffic: [\n", at="- latestRevision"),
    plant("yaml-broken", ENGINE, "resources:\n", "resources:\n\tcpu: 1\n", at="\tcpu"),
    plant("yaml-twice", ENGINE, "  cpu: 1\n", "  cpu: 2\n  cpu: 1\n", at="cpu: 1"),
    plant("placeholder-unknown", SERVICE, "value: ${PROJECT_ID}", "value: ${PROJEKT_ID}"),
    plant("placeholder-unknown", ENGINE, "https://${DOMAIN}", "https://$DOMAIN"),
    plant("secret-in-file", POOL, "redis://${REDIS_HOST}", "redis://:hunter2@${REDIS_HOST}"),
    plant("secret-in-file", "deploy/gcp.env", "PROJECT_ID=", "KEY='-----BEGIN PRIVATE KEY-----'\nPROJECT_ID="),
]

SCHEMAS = [
    plant("schema-cloud-run", SERVICE, "containerConcurrency: 200", "containerConcurency: 200"),
    plant("schema-cloud-run", SERVICE, "timeoutSeconds: 660", 'timeoutSeconds: 660\n      serviceAccount: x', at="serviceAccount: x"),
    plant("schema-cloud-run", POOL, "percent: 100", 'percent: "100"'),
    plant("schema-cloud-build", BUILD, "timeout: 3600s", "timeouts: 3600s"),
    plant("schema-cloud-build", BUILD, "E2_HIGHCPU_8", "E2_HUGE"),
    plant("schema-kubernetes", WEB, "terminationGracePeriodSeconds: 30", "terminationGracePeriodSecond: 30"),
    plant("schema-kubernetes", WEB, "maxReplicas: 6", 'maxReplicas: "6"'),
    plant("schema-kubernetes", WORKER, "kind: PodDisruptionBudget", "kind: PodDisruption"),
    plant("schema-kubernetes", SCALING, "pollingInterval: 15", "pollInterval: 15"),
    plant("schema-kubernetes", SCALING, 'databaseIndex: "0"', "databaseIndex: 0"),
    plant("schema-kubernetes", INGRESS, "timeoutSec: 660", "timeoutSeconds: 660"),
    plant("schema-crema", CREMA, "        minReplicaCount: 1\n", "        minReplicaCount: 1\n        pollingInterval: 5\n", at="pollingInterval: 5"),
    plant("schema-crema", CREMA, "        maxReplicaCount: 4\n", "        maxReplicaCount: 4\n        cooldownPeriod: 60\n", at="cooldownPeriod"),
    plant("schema-crema", CREMA, "parameter: password", "name: password"),
    plant("kind-unknown", DEMO, "kind: Service", "kind: Servise"),
    plant("schema-compose", COMPOSE, "    pids_limit: 128\n", "    pid_limit: 128\n    pids_limit: 128\n"),
    plant("schema-app-engine", ENGINE, "max_num_instances: 2", "max_num_instances: two"),
    plant("schema-app-engine", ENGINE, "network:\n", "networks:\n"),
    plant("schema-dispatch", DISPATCH, '"*/*"', '"*/*"\n    port: 80', at="port: 80"),
]

CLOUD_RUN = [
    plant("run-annotation", SERVICE, "run.googleapis.com/cpu-throttling", "run.googleapis.com/cpu-throtling"),
    plant("run-annotation", SERVICE, "    run.googleapis.com/minScale", "    run.googleapis.com/startup-cpu-boost"),
    plant("run-annotation", POOL, "    run.googleapis.com/description: W", '    run.googleapis.com/minScale: "1"\n    run.googleapis.com/description: W'),
    plant("run-throttled", DEMO, 'cpu-throttling: "false"', 'cpu-throttling: "true"'),
    plant("run-throttled", DEMO, '        run.googleapis.com/cpu-throttling: "false"\n', "", at="      annotations:"),
    plant("run-many-queues", DEMO, 'autoscaling.knative.dev/maxScale: "1"', 'autoscaling.knative.dev/maxScale: "2"'),
    plant("run-bounds", SERVICE, 'minScale: "1"', 'minScale: "9"'),
    plant("run-concurrency", SERVICE, "containerConcurrency: 200", "containerConcurrency: 1000"),
    plant("run-start-budget", SERVICE, "failureThreshold: 30", "failureThreshold: 12"),
    plant("run-start-budget", POOL, "failureThreshold: 30", "failureThreshold: 60"),
    plant("run-start-path", SERVICE, "path: /readyz", "path: /healthz"),
    plant("run-liveness-path", SERVICE, "path: /healthz", "path: /readyz"),
    plant("run-liveness-path", ENGINE_WORKER, "path: /healthz", "path: /readyz"),
    plant("run-liveness-path", WORKER, "path: /healthz", "path: /readyz"),
    plant("run-probe-timeout", POOL, "timeoutSeconds: 4", "timeoutSeconds: 6"),
    plant("run-timeout", SERVICE, "timeoutSeconds: 660", "timeoutSeconds: 300"),
    plant("run-network", POOL, NETWORKS, "", at="      annotations:"),
    plant("run-network", SERVICE, '[{"network": "default", "subnetwork": "spotter"}]', "default"),
    plant("run-port-given", SERVICE, "            - name: GOOGLE_CLOUD_PROJECT", '            - name: PORT\n              value: "8080"\n            - name: GOOGLE_CLOUD_PROJECT'),
    plant("run-account", POOL, "      serviceAccountName: spotter-worker@${PROJECT_ID}.iam.gserviceaccount.com\n", "", at="    spec:"),
    plant("run-pool-request", POOL, "      containers:\n", "      timeoutSeconds: 60\n      containers:\n"),
    plant("run-pool-count", POOL, '"${WORKER_INSTANCES}"', '"2"'),
    plant("run-pool-count", POOL, "scalingMode: manual", "scalingMode: automatic"),
]

SCALERS = [
    plant("scaler-target", CREMA, "workerpools/spotter-worker", "workerpools/spotter-workers"),
    plant("scaler-target", SCALING, "  scaleTargetRef:\n    name: worker", "  scaleTargetRef:\n    name: workers", at="name: workers"),
    plant("scaler-key", CREMA, "          - type: redis\n            name: bulk\n", PAUSED, at="listName: spotter:paused"),
    plant("scaler-waiting", CREMA, "listName: spotter:waiting:bulk", "listName: spotter:waiting:interactive", at="triggers:"),
    plant("scaler-running", CREMA, RUNNING, "", at="triggers:"),
    plant("scaler-busy", CREMA, 'listLength: "2"\n', 'listLength: "20"\n', at='"20"'),
    plant("scaler-busy", SCALING, 'listLength: "2"\n', 'listLength: "4"\n'),
    plant("scaler-busy", WORKER, '            - name: WORKERS\n              value: "2"', '            - name: WORKERS\n              value: "1"', at='listLength: "2"', reported=SCALING),
    plant("scaler-bounds", CREMA, "minReplicaCount: 1", "minReplicaCount: 9"),
    plant("scaler-nobody", SCALING, "minReplicaCount: 1", "minReplicaCount: 0"),
    plant("scaler-password", CREMA, "            authenticationRef:\n              name: queue", "            authenticationRef:\n              name: other", at="name: other"),
    plant("scaler-slow", CREMA, "pollingInterval: 5", "pollingInterval: 15"),
    plant("scaler-slow", CREMA, "  pollingInterval: 5\n", "", at="spec:"),
    plant("scaler-steady", SCALING, "stabilizationWindowSeconds: 120", "stabilizationWindowSeconds: 5"),
]

APP_ENGINE = [
    plant("gae-environment", ENGINE, "env: flex", "env: standard"),
    plant("gae-environment", ENGINE_WORKER, "env: flex\n", "", at="runtime: custom"),
    plant("gae-version-unquoted", ENGINE, "resources:\n", "runtime_config:\n  runtime_version: 3.10\nresources:\n", at="3.10"),
    plant("gae-standard-scaling", ENGINE, "  cool_down_period_sec", "  min_instances: 1\n  cool_down_period_sec"),
    plant("gae-handlers", ENGINE, "network:\n", "handlers:\n  - url: /static\n    static_dir: web/static\nnetwork:\n"),
    plant("gae-one-scaling", ENGINE, "network:\n", "manual_scaling:\n  instances: 1\nnetwork:\n"),
    plant("gae-one-scaling", ENGINE_WORKER, "manual_scaling:\n  instances: 1\n", "", at="runtime: custom"),
    plant("gae-quota", ENGINE, "max_num_instances: 2", "max_num_instances: 4"),
    plant("gae-concurrency", ENGINE, "target_concurrent_requests: 200", "target_concurrent_requests: 900"),
    plant("gae-memory", ENGINE, "memory_gb: 1.0", "memory_gb: 8.0"),
    plant("gae-memory", ENGINE_WORKER, "cpu: 2", "cpu: 3"),
    plant("gae-start-time", ENGINE, "app_start_timeout_sec: 300", "app_start_timeout_sec: 60"),
    plant("gae-start-time", ENGINE, "  initial_delay_sec: 120\n", "", at="liveness_check:"),
    plant("gae-dispatch-service", DISPATCH, "service: default", "service: web"),
]

KUBERNETES = [
    plant("k8s-confined", WEB, "        runAsNonRoot: true\n", "", at="securityContext:"),
    plant("k8s-confined", WORKER, "runAsUser: 10001", "runAsUser: 0"),
    plant("k8s-confined", WORKER, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
    plant("k8s-confined", WEB, 'drop: ["ALL"]', 'drop: ["NET_RAW"]', at="capabilities:"),
    plant("k8s-host", WEB, "      containers:\n", "      hostNetwork: true\n      containers:\n"),
    plant("k8s-host", WORKER, "        - name: tmp\n          emptyDir:\n            medium: Memory\n            sizeLimit: 64Mi\n", "        - name: tmp\n          hostPath:\n            path: /tmp\n"),
    plant("k8s-enforced", "deploy/gke/namespace.yaml", "enforce: restricted", "enforce: baseline"),
    plant("k8s-resources", WORKER, "              memory: 2Gi\n", "", at="limits:"),
    plant("k8s-replicas", WORKER, "spec:\n  selector", "spec:\n  replicas: 3\n  selector", at="replicas: 3"),
    plant("k8s-two-scalers", WEB, "---\napiVersion: policy/v1\n", SECOND_SCALER, at="scaleTargetRef:", reported=SCALING),
    plant("k8s-selects", WEB, "  selector:\n    app: web\n", "  selector:\n    app: webb\n", at="selector:"),
    plant("k8s-refers", INGRESS, "number: 80\n", "number: 8080\n", at="name: web"),
    plant("k8s-refers", WEB, "targetPort: 8080", "targetPort: 8000"),
    plant("k8s-disruption", WEB, "minAvailable: 1", "minAvailable: 2"),
    plant("k8s-network", NETWORK, '      app: worker\n  policyTypes: ["Ingress", "Egress"]', '      app: worker\n  policyTypes: ["Ingress"]', at="name: worker", reported=WORKER),
    plant("k8s-listed", "deploy/gke/kustomization.yaml", "  - network.yaml\n", "", at="resources:"),
    plant("k8s-listed", "deploy/gke/kustomization.yaml", "  - web.yaml\n", "  - web.yaml\n  - web2.yaml\n", at="web2.yaml"),
    plant("k8s-tokens", WEB, "      automountServiceAccountToken: false\n", "      automountServiceAccountToken: true\n"),
    plant("k8s-tokens", WORKER, "serviceAccountName: worker", "serviceAccountName: default"),
]

CONTAINERS = [
    plant("image-unknown", POOL, "/worker:${TAG}", "/werker:${TAG}"),
    plant("image-unknown", WEB, "${REGION}-docker.pkg.dev/${PROJECT_ID}/${REPOSITORY}/web", "docker.io/spotter/web"),
    plant("image-unknown", COMPOSE, "target: worker", "target: workers"),
    plant("image-tag", SERVICE, "web:${TAG}", "web:latest"),
    plant("image-not-built", BUILD, "for image in web worker all-in-one; do\n          docker build", "for image in web worker; do\n          docker build", at="/all-in-one:", reported=DEMO),
    plant("image-not-built", BUILD, "  - $_REGION-docker.pkg.dev/$PROJECT_ID/$_REPOSITORY/all-in-one:$_TAG\n", "", at="/all-in-one:", reported=DEMO),
    plant("setting-unknown", SERVICE, "name: SPOTTER_HOSTS", "name: SPOTTER_HOST_NAMES\n              value: x\n            - name: SPOTTER_HOSTS", at="- name: SPOTTER_HOST_NAMES"),
    plant("setting-unknown", POOL, "            - name: WORKERS", "            - name: SPOTTER_SECRET\n              valueFrom: {secretKeyRef: {name: spotter-cookie-secret, key: latest}}\n            - name: WORKERS"),
    plant("setting-unknown", POOL, "            - name: WORKERS", "            - name: REMAP_SIGTERM\n              value: SIGQUIT\n            - name: WORKERS"),
    plant("setting-unknown", COMPOSE, "      WORKERS: ${WORKERS:-2}\n", "      WORKERS: ${WORKERS:-2}\n      WORKER_THREADS: 4\n", at="WORKER_THREADS"),
    plant("setting-type", ENGINE, "SPOTTER_ADDRESS: https://${DOMAIN}", "SPOTTER_ADDRESS: [here]"),
    plant("setting-type", COMPOSE, "SPOTTER_DATA: /var/lib/spotter", "SPOTTER_DATA: true"),
    plant("setting-missing", ENGINE_WORKER, '  WORKERS: "2"\n', "", at="env_variables:"),
    plant("setting-missing", SERVICE, "            - name: SPOTTER_TRUSTED_PROXIES\n              value: 169.254.0.0/16\n", "", at="env:"),
    plant("setting-secret", ENGINE, "SPOTTER_SECRET: sm://${PROJECT_ID}/spotter-cookie-secret/latest", "SPOTTER_SECRET: 0123456789abcdef0123456789abcdef"),
    plant("probe-route", POOL, "path: /healthz", "path: /health"),
    plant("probe-route", INGRESS, "requestPath: /readyz", "requestPath: /ready"),
    plant("probe-route", WEB, "path: /healthz", "path: /live"),
    plant("probe-route", COMPOSE, "c.request('GET', '/healthz')", "c.request('GET', '/alive')"),
    plant("probe-route", "deploy/Dockerfile", "c.request('GET', '/healthz')", "c.request('GET', '/alive')"),
    plant("probe-port", WORKER, "              path: /healthz\n              port: 8081", "              path: /healthz\n              port: 8080", at="port: 8080"),
    plant("probe-port", ENGINE_WORKER, 'SPOTTER_HEALTH_PORT: "8080"', 'SPOTTER_HEALTH_PORT: "8081"', at="liveness_check:"),
    plant("probe-none", DEMO, "livenessProbe:", "readinessProbe:", at="- name: all-in-one"),
    plant("worker-cores", POOL, 'cpu: "2"', 'cpu: "1"'),
    plant("worker-cores", WORKER, 'requests:\n              cpu: "2"', 'requests:\n              cpu: 1500m', at="cpu: 1500m"),
    plant("worker-cores", ENGINE_WORKER, "  cpu: 2\n  memory_gb: 2.0", "  cpu: 1\n  memory_gb: 2.0", at="cpu: 1"),
    plant("worker-cores", DEMO, 'name: WORKERS\n              value: "1"', 'name: WORKERS\n              value: "2"', at='cpu: "1"'),
    plant("stop-grace", COMPOSE, "stop_grace_period: 10s", "stop_grace_period: 5s"),
    plant("stop-grace", WEB, "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 10"),
]

COMPOSES = [
    plant("compose-published", COMPOSE, '"127.0.0.1:${PORT:-8080}:8080"', '"${PORT:-8080}:8080"'),
    plant("compose-confined", COMPOSE, "  read_only: true\n", "  read_only: false\n"),
    plant("compose-limits", COMPOSE, "    mem_limit: 768m\n", "", at="  web:"),
    plant("compose-secret", COMPOSE, "./deploy/secrets/queue-password", "./queue-password", at="queue_password:"),
]

CODE = [
    plant("celery-visibility", "jobs/queue.py", '"visibility_timeout": 120', '"visibility_timeout": 45'),
    plant("celery-limits", "jobs/queue.py", "SOFT_LIMIT_SECONDS = 20", "SOFT_LIMIT_SECONDS = 12"),
    plant("stop-in-time", "worker/controller.py", "STOP_SECONDS = 6.5", "STOP_SECONDS = 4.5"),
    plant("stop-in-time", "worker/controller.py", "STOP_SECONDS = 6.5", "STOP_SECONDS = 8.5"),
    plant("stop-in-time", "deploy/gunicorn.conf.py", "graceful_timeout = 2 ", "graceful_timeout = 9 "),
    plant("lease-lives", "jobs/settings.py", "heartbeat_seconds: float = 1.5", "heartbeat_seconds: float = 3.0"),
    plant("web-capacity", "web/settings.py", "max_connections: int = 1200", "max_connections: int = 300"),
    plant("fact-lost", "worker/controller.py", "STOP_SECONDS = 6.5", "STOPPING_SECONDS = 6.5", at='"""'),
]

QUEUE = [
    plant("redis-policy", CONF, "maxmemory-policy noeviction", "maxmemory-policy volatile-lru"),
    plant("redis-policy", SCRIPT, " --redis-config=maxmemory-policy=noeviction", "", at="gcloud redis instances create"),
    plant("redis-durable", CONF, "appendfsync always", "appendfsync everysec"),
    plant("redis-default-user", ACL, "user default off resetpass ~* &* +@all", "user default off resetpass -@all"),
    plant("redis-users", ACL, "-@admin -@dangerous", "-@admin"),
    plant("redis-memory", CONF, "maxmemory 512mb", "maxmemory 1024mb", at="mem_limit: 1280m", reported=COMPOSE),
    plant("redis-open", SCRIPT, " --enable-auth", "", at="gcloud redis instances create"),
    plant("redis-old", SCRIPT, "--redis-version=redis_7_2", "--redis-version=redis_6_x", at="gcloud redis instances create"),
]

BUILDS = [
    plant("build-substitution", BUILD, "$_REPOSITORY/web:$_TAG", "$_REPO/web:$_TAG"),
    plant("build-order", BUILD, "waitFor: [test, scan]", "waitFor: [scan]"),
    plant("build-tests", BUILD, "        make test\n", "", at="args:"),
    plant("role-wide", SCRIPT, "--role=roles/run.developer", "--role=roles/run.admin"),
    plant("role-wide", SCRIPT, "--role=roles/iam.serviceAccountUser", "--role=roles/editor"),
    plant("account-unknown", SERVICE, "spotter-web@${PROJECT_ID}", "spotter-front@${PROJECT_ID}"),
    plant("secret-unknown", SERVICE, "secretName: spotter-queue-password", "secretName: queue-password"),
    plant("secret-unknown", ENGINE, "/spotter-redis-url/", "/redis-url/"),
    plant("secret-unknown", SERVICE, "name: spotter-cookie-secret", "name: cookie-secret"),
    plant("secret-mount", WORKER, "mountPath: /secrets/queue", "mountPath: /secrets", at="SPOTTER_REDIS_PASSWORD_FILE"),
]

ENTRY = 'ENTRYPOINT ["tini", "-s", "--", "python", "-m", "worker"]'
PLACES = "ENV SPOTTER_HOST=0.0.0.0 \\"
IMAGES = [
    plant("image-root", DOCKERFILE, f"USER 10001:10001\n{PLACES}", f"USER 0\n{PLACES}"),
    plant("image-root", DOCKERFILE, f"USER 10001:10001\n{PLACES}", f"USER spotter\n{PLACES}"),
    plant("image-root", DOCKERFILE, f"USER 10001:10001\n{PLACES}", PLACES, at="USER 0"),
    plant("image-root", DOCKERFILE, "USER 999:999\n", "", at="FROM valkey"),
    plant("image-entry", DOCKERFILE, ENTRY, "ENTRYPOINT python -m worker"),
    plant("image-pins", DOCKERFILE, "--require-hashes --only-binary :all: -r /tmp/worker.txt", "--only-binary :all: -r /tmp/worker.txt", at="RUN pip"),
    plant("image-pins", DOCKERFILE, "--require-hashes --only-binary :all: -r /tmp/train.txt", "--require-hashes -r /tmp/train.txt", at="RUN pip"),
    plant("image-health", DOCKERFILE, "HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \\\n    CMD [\"python\", \"-m\", \"worker.probe\"]", "HEALTHCHECK NONE"),
    plant("image-commit", DOCKERFILE, '"Spotter queue server" \\\n      org.opencontainers.image.revision="${COMMIT}"', '"Spotter queue server"', at="FROM valkey"),
]

WATCHES = [
    plant("watch-target", WATCH, '"web:8080"', '"wep:8080"'),
    plant("watch-target", WATCH, "port: 8081", "port: 8082", at='names: ["worker"]'),
    plant("watch-target", COMPOSE, "      - queue\n      - watch\n", "      - queue\n", at='names: ["worker"]', reported=WATCH),
    plant("watch-key", WATCH, "/run/secrets/metrics_key", "/run/secrets/metric_key"),
]

PLANTS = [
    *(*FILES, *SCHEMAS, *CLOUD_RUN, *SCALERS, *APP_ENGINE, *KUBERNETES),
    *(*IMAGES, *WATCHES),
    *(*CONTAINERS, *COMPOSES, *CODE, *QUEUE, *BUILDS),
]
