"""Rules about Kubernetes that its schema cannot know."""

from collections.abc import Iterator

from deploy.doctor.containers import Platform, list_containers
from deploy.doctor.documents import Document, dig
from deploy.doctor.finding import Spot, rule, spot
from deploy.doctor.project import Project

FOLDER = "deploy/gke/"
POD = ("spec", "template", "spec")
LABELS = ("spec", "template", "metadata", "labels")
VOLUMES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "persistentVolumeClaim",
    "projected",
    "secret",
)


def list_kind(project: Project, kind: str) -> list[Document]:
    """Return the manifests of one kind."""
    return list(project.find(folder=FOLDER, kind=kind))


def name_of(document: Document) -> str:
    """Return a manifest's name."""
    return str(document.get("metadata", "name", default=""))


@rule(
    "k8s-confined",
    why="Whoever breaks into the program would have more than it needs; the namespace enforces the "
    "restricted standard and refuses such a pod.",
    how="Pod: runAsNonRoot true, runAsUser above 0, seccompProfile RuntimeDefault. Container: "
    "allowPrivilegeEscalation false, capabilities drop ALL, readOnlyRootFilesystem true.",
)
def find_open_pods(project: Project) -> Iterator[Spot]:
    """Pods are confined as the restricted Pod Security Standard asks, and cannot write."""
    for container in list_containers(project):
        if container.platform is not Platform.KUBERNETES:
            continue
        document = container.document
        pod = (*POD, "securityContext")
        for keys, wanted in (
            (("runAsNonRoot",), True),
            (("seccompProfile", "type"), "RuntimeDefault"),
        ):
            if document.get(*pod, *keys) != wanted:
                yield spot(document, *pod, *keys, what=f"{'.'.join(keys)} is not {wanted}")
        if document.get(*pod, "runAsUser", default=0) == 0:
            yield spot(document, *pod, "runAsUser", what="runAsUser is 0 or not set")
        for name, wanted in (("allowPrivilegeEscalation", False), ("readOnlyRootFilesystem", True)):
            if container.get("securityContext", name) is not wanted:
                yield container.spot(
                    "securityContext", name, what=f"{name} is not {str(wanted).lower()}"
                )
        if container.get("securityContext", "capabilities", "drop") != ["ALL"]:
            yield container.spot("securityContext", "capabilities", what="capabilities are kept")


@rule(
    "k8s-host",
    why="It opens the node to the pod, which the restricted standard refuses.",
    how="Take it out; volumes are secret, emptyDir, configMap, projected or a claim.",
)
def find_host_access(project: Project) -> Iterator[Spot]:
    """Pods share nothing with their node."""
    for document in list_kind(project, "Deployment"):
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            if document.get(*POD, name):
                yield spot(document, *POD, name, what=f"{name} is on")
        for index, volume in enumerate(document.get(*POD, "volumes", default=())):
            if not any(kind in volume for kind in VOLUMES):
                what = f"the volume {volume.get('name')} is of the node"
                yield spot(document, *POD, "volumes", index, what=what)


@rule(
    "k8s-enforced",
    why="Without the label the cluster admits whatever a later change asks for.",
    how="Label the namespace pod-security.kubernetes.io/enforce: restricted.",
)
def find_lax_namespaces(project: Project) -> Iterator[Spot]:
    """The namespace enforces the restricted standard."""
    label = "pod-security.kubernetes.io/enforce"
    for document in list_kind(project, "Namespace"):
        if document.get("metadata", "labels", label) != "restricted":
            yield spot(document, "metadata", "labels", label, what=f"{label} is not restricted")


@rule(
    "k8s-resources",
    why="Without requests a pod is put anywhere and the scaler has no measure; without a memory limit "
    "one picture can take the whole node.",
    how="Give requests of cpu and memory, and a limit of memory.",
)
def find_boundless_containers(project: Project) -> Iterator[Spot]:
    """Containers say what they need and may take."""
    wanted = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
    for container in list_containers(project):
        if container.platform is Platform.KUBERNETES:
            for kind, name in wanted:
                if not container.get("resources", kind, name):
                    what = f"{container.target} has no {kind} of {name}"
                    yield container.spot("resources", kind, what=what)


@rule(
    "k8s-replicas",
    why="Every `kubectl apply` would set this number again, against the scaler, and end busy workers.",
    how="Take replicas out of the Deployment; its scaler has the least and the most.",
)
def find_fought_scalers(project: Project) -> Iterator[Spot]:
    """What is scaled has no number of its own."""
    scaled = {
        str(scaler.get("spec", "scaleTargetRef", "name"))
        for kind in ("HorizontalPodAutoscaler", "ScaledObject")
        for scaler in list_kind(project, kind)
    }
    for document in list_kind(project, "Deployment"):
        if name_of(document) in scaled and document.get("spec", "replicas") is not None:
            yield spot(document, "spec", "replicas", what=f"{name_of(document)} is scaled already")


@rule(
    "k8s-two-scalers",
    why="KEDA makes an autoscaler of its own: with a second one the number would jump between both.",
    how="Keep one of the HorizontalPodAutoscaler and the ScaledObject.",
)
def find_two_scalers(project: Project) -> Iterator[Spot]:
    """Nothing is scaled twice."""
    seen: dict[str, Document] = {}
    for kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        for document in list_kind(project, kind):
            name = str(document.get("spec", "scaleTargetRef", "name"))
            if name in seen:
                what = f"{name} is scaled by {seen[name].path}:{seen[name].first_line}, too"
                yield spot(document, "spec", "scaleTargetRef", what=what)
            seen.setdefault(name, document)


@rule(
    "k8s-selects",
    why="It would hold for no pod at all, and nobody would say so.",
    how="Write the labels that the Deployment gives its pods (spec.template.metadata.labels).",
)
def find_empty_selectors(project: Project) -> Iterator[Spot]:
    """Whatever selects pods finds some."""
    pods = [d.get(*LABELS, default={}) for d in list_kind(project, "Deployment")]
    places = {
        "Deployment": ("spec", "selector", "matchLabels"),
        "PodDisruptionBudget": ("spec", "selector", "matchLabels"),
        "NetworkPolicy": ("spec", "podSelector", "matchLabels"),
        "Service": ("spec", "selector"),
    }
    for kind, keys in places.items():
        for document in list_kind(project, kind):
            wanted = document.get(*keys, default={})
            fits = [labels for labels in pods if wanted.items() <= labels.items()]
            if kind == "Deployment":
                fits = [labels for labels in fits if labels == document.get(*LABELS)]
            if not fits:
                yield spot(document, *keys, what=f"no pod has the labels {wanted}")


@rule(
    "k8s-refers",
    why="It names something that is not there: the way from the domain to web would end here.",
    how="Write the name and port that the other manifest has.",
)
def find_broken_references(project: Project) -> Iterator[Spot]:
    """The HPA, the Ingress and the Service lead to what exists."""
    deployments = {name_of(document) for document in list_kind(project, "Deployment")}
    for document in list_kind(project, "HorizontalPodAutoscaler"):
        if (name := document.get("spec", "scaleTargetRef", "name")) not in deployments:
            keys = ("spec", "scaleTargetRef", "name")
            yield spot(document, *keys, what=f"no Deployment is called {name}")
    services = {
        (name_of(d), port.get("port"))
        for d in list_kind(project, "Service")
        for port in d.get("spec", "ports", default=())
    }
    for document in list_kind(project, "Ingress"):
        backend = document.get("spec", "defaultBackend", "service", default={})
        wanted = (dig(backend, "name"), dig(backend, "port", "number"))
        if wanted not in services:
            what = f"no Service {wanted[0]} has the port {wanted[1]}"
            yield spot(document, "spec", "defaultBackend", "service", "name", what=what)
    ports = {
        port.get("containerPort")
        for container in list_containers(project)
        if container.platform is Platform.KUBERNETES
        for port in container.get("ports", default=())
    }
    for document in list_kind(project, "Service"):
        for index, port in enumerate(document.get("spec", "ports", default=())):
            if (number := port.get("targetPort", port.get("port"))) not in ports:
                what = f"no container has the port {number}"
                yield spot(document, "spec", "ports", index, "targetPort", what=what)


@rule(
    "k8s-disruption",
    why="With minAvailable at the least number of pods no node could ever be drained for an upgrade.",
    how="Keep minAvailable below the scaler's least, or write maxUnavailable: 1.",
)
def find_stuck_drains(project: Project) -> Iterator[Spot]:
    """A node can be drained, whatever the number of pods."""
    least: dict[str, int] = {}
    for kind, name in (
        ("HorizontalPodAutoscaler", "minReplicas"),
        ("ScaledObject", "minReplicaCount"),
    ):
        for scaler in list_kind(project, kind):
            target = str(scaler.get("spec", "scaleTargetRef", "name"))
            least[target] = int(scaler.get("spec", name, default=1))
    for document in list_kind(project, "PodDisruptionBudget"):
        wanted = document.get("spec", "minAvailable")
        labels = document.get("spec", "selector", "matchLabels", default={})
        for deployment in list_kind(project, "Deployment"):
            pods = least.get(name_of(deployment), 1)
            if labels == deployment.get(*LABELS) and isinstance(wanted, int) and wanted >= pods:
                what = f"minAvailable is {wanted}, and there may be {pods}"
                yield spot(document, "spec", "minAvailable", what=what)


@rule(
    "k8s-network",
    why="Pods that no policy selects reach everything and are reached by everything in the cluster.",
    how="Add a NetworkPolicy with policyTypes Ingress and Egress that selects the Deployment's labels.",
)
def find_open_networks(project: Project) -> Iterator[Spot]:
    """Every Deployment has a policy of its own, for both ways."""
    policies = [
        d.get("spec", "podSelector", "matchLabels")
        for d in list_kind(project, "NetworkPolicy")
        if set(d.get("spec", "policyTypes", default=())) == {"Ingress", "Egress"}
    ]
    for document in list_kind(project, "Deployment"):
        if document.get(*LABELS) not in policies:
            what = f"no NetworkPolicy for both ways selects {name_of(document)}"
            yield spot(document, "metadata", "name", what=what)


@rule(
    "k8s-listed",
    why="`kubectl apply -k` takes what the list names: a file that is not there is never applied.",
    how="Name every manifest of deploy/gke under resources in kustomization.yaml, and no other.",
)
def find_unlisted_files(project: Project) -> Iterator[Spot]:
    """The list of manifests is whole."""
    for document in list_kind(project, "Kustomization"):
        here = {path.rpartition("/")[2] for path in project.yaml_files if path.startswith(FOLDER)}
        here.discard("kustomization.yaml")
        listed = set(document.get("resources", default=()))
        for name in sorted(here - listed):
            yield spot(document, "resources", what=f"{name} is not listed")
        for name in sorted(listed - here):
            place = document.get("resources").index(name)
            yield spot(document, "resources", place, what=f"{name} is not there")


@rule(
    "k8s-tokens",
    why="Neither program speaks to Kubernetes: a token in its pod only serves whoever breaks in.",
    how="Set automountServiceAccountToken: false, and serviceAccountName to one of accounts.yaml.",
)
def find_needless_tokens(project: Project) -> Iterator[Spot]:
    """Pods have an account of their own, and no token."""
    accounts = {name_of(document) for document in list_kind(project, "ServiceAccount")}
    for document in list_kind(project, "Deployment"):
        if document.get(*POD, "automountServiceAccountToken") is not False:
            keys = (*POD, "automountServiceAccountToken")
            yield spot(document, *keys, what=f"{name_of(document)} is given a token")
        if (name := document.get(*POD, "serviceAccountName")) not in accounts:
            what = f"no ServiceAccount is called {name}"
            yield spot(document, *POD, "serviceAccountName", what=what)
