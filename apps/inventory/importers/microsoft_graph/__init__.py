"""Microsoft Graph: users, registered authentication methods and directory roles of an Entra tenant."""

from apps.inventory.formats import Format
from apps.inventory.importers.microsoft_graph.parse import detect, parse
from apps.inventory.records import IDENTITY

FORMAT = Format(
    name="microsoft-graph",
    title="Microsoft Graph (Entra ID)",
    main_kinds=(IDENTITY,),
    detect=detect,
    parse=parse,
    describes="users with signInActivity, userRegistrationDetails, roleAssignments with $expand=principal (JSON)",
)
