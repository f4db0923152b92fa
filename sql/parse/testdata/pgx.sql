begin
;
begin isolation level serializable read write deferrable
;
begin isolation level repeatable read read only
;
savepoint sp_1
;
release savepoint sp_1
;
rollback to savepoint sp_1
;
commit
;
rollback
;
deallocate all
;
deallocate "stmt_1"
;
discard all
;
select t.oid,
	case when nsp.nspname in ('pg_catalog', 'public') then t.typname
		else nsp.nspname||'.'||t.typname
	end
from pg_type t
left join pg_type base_type on t.typelem=base_type.oid
left join pg_class nbt on t.oid = nbt.reltype
left join pg_namespace nsp on t.typnamespace = nsp.oid
where (
	  t.typtype in('b', 'p', 'r', 'e', 'c')
	  and (base_type.oid is null or base_type.typtype in('b', 'p', 'r'))
	)
;
SELECT t.oid::regtype::text, n.nspname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typname = $1
;
select typtype, typelem, rngsubtype from pg_type t left join pg_range r on t.oid = r.rngtypid where t.oid=$1
;
select attname, atttypid from pg_attribute where attrelid=$1 and not attisdropped and attnum > 0 order by attnum
;
copy "t" ( "a", "b" ) from stdin binary;
;
select "a", "b" from "t"
;
select pg_is_in_recovery()
;
show transaction_read_only
;
SET application_name = 'x'
;
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
;
select current_setting('server_version_num')::int / 100
;
SELECT set_config('bytea_output','hex',false) FROM pg_catalog.pg_settings WHERE name = 'bytea_output'
;
SET extra_float_digits = 3
;
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   ELSE NULL   END ELSE 'TABLE' END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ) ) ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME
