"""The checks of the catalogue, one module per family; registered by an explicit list in `apps.posture.apps`."""
