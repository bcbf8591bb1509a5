"""Pages of posture."""

from django.urls import path, re_path

from apps.posture.web import checks, finding, findings, goals, pillars, results, runs

app_name = "posture"
EXPORT = r"(?:\.(?P<export>csv|json))?$"
FINDING = r"^findings/F-(?P<number>[1-9]\d{0,17})"

urlpatterns = [
    re_path(r"^findings" + EXPORT, findings.FindingListView.as_view(), name="findings"),
    path("findings/bulk", findings.BulkView.as_view(), name="findings_bulk"),
    re_path(FINDING + "$", finding.FindingView.as_view(), name="finding"),
    re_path(FINDING + r"/recheck$", finding.FindingActionView.as_view(), {"act": "recheck"}, name="finding_recheck"),
    re_path(FINDING + r"/fixed$", finding.FindingActionView.as_view(), {"act": "fixed"}, name="finding_fixed"),
    re_path(FINDING + r"/owner$", finding.FindingActionView.as_view(), {"act": "assign"}, name="finding_assign"),
    re_path(FINDING + r"/due$", finding.FindingActionView.as_view(), {"act": "due"}, name="finding_due"),
    re_path(r"^posture/results" + EXPORT, results.ResultListView.as_view(), name="results"),
    path("posture/<slug:pillar>", pillars.PillarView.as_view(), name="pillar"),
    re_path(r"^setup/runs" + EXPORT, runs.RunListView.as_view(), name="runs"),
    path("setup/runs/start", runs.RunStartView.as_view(), name="run_start"),
    path("setup/runs/<int:number>", runs.RunView.as_view(), name="run"),
    path("setup/runs/<int:number>/cancel", runs.RunCancelView.as_view(), name="run_cancel"),
    re_path(r"^setup/checks" + EXPORT, checks.CheckListView.as_view(), name="checks"),
    path("setup/checks/settings", goals.SettingsView.as_view(), name="settings"),
    path("setup/checks/<slug:check_id>", checks.CheckView.as_view(), name="check"),
]
