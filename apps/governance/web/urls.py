"""Pages of governance."""

from django.urls import path, re_path

from apps.governance.web import asking, asking_many, deciding, limits, lists

app_name = "governance"
NUMBER = r"^exceptions/EX-(?P<number>[1-9]\d{0,17})"

urlpatterns = [
    re_path(r"^exceptions(?:\.(?P<export>csv|json))?$", lists.ExceptionListView.as_view(), name="exceptions"),
    path("exceptions/new", asking.AskView.as_view(), name="exception_new"),
    path("exceptions/many", asking_many.AskManyView.as_view(), name="exceptions_many"),
    path("exceptions/limits", limits.LimitsView.as_view(), name="exception_limits"),
    re_path(NUMBER + "$", deciding.ExceptionView.as_view(), name="exception"),
]
