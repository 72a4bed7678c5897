"""The measurement under load: arrivals from a timetable, whatever the answers do.

`profiles` say what arrives when, `schedule` draws the arrivals, `dispatcher` lets them go, `asking` asks, `spool` keeps
the records; `user` makes a Locust user of it. In the command's own process, which never imports Locust, `campaign` runs
it as a child, and `stages`, `guards`, `knee` and `course` work out what is reported.
"""
