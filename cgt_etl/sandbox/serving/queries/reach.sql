-- sqlfluff:dialect:postgres
-- Databases other than its own ($2) that the role of a partner ($1) may connect to.
select datname from pg_database
where datallowconn and datname <> all($2::text[]) and has_database_privilege($1, oid, 'connect')
order by datname
