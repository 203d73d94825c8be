module timekeeper

go 1.19
