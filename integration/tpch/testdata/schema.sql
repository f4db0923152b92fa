CREATE TABLE region (r_regionkey INT PRIMARY KEY, r_name TEXT NOT NULL, r_comment TEXT);
CREATE TABLE nation (n_nationkey INT PRIMARY KEY, n_name TEXT NOT NULL, n_regionkey INT NOT NULL, n_comment TEXT);
CREATE TABLE supplier (s_suppkey INT PRIMARY KEY, s_name TEXT NOT NULL, s_address TEXT, s_nationkey INT NOT NULL, s_phone TEXT, s_acctbal NUMERIC(12,2), s_comment TEXT);
CREATE TABLE part (p_partkey INT PRIMARY KEY, p_name TEXT NOT NULL, p_mfgr TEXT, p_brand TEXT, p_type TEXT, p_size INT, p_container TEXT, p_retailprice NUMERIC(12,2), p_comment TEXT);
CREATE TABLE partsupp (ps_partkey INT, ps_suppkey INT, ps_availqty INT, ps_supplycost NUMERIC(12,2), ps_comment TEXT, PRIMARY KEY (ps_partkey, ps_suppkey));
CREATE TABLE customer (c_custkey INT PRIMARY KEY, c_name TEXT NOT NULL, c_address TEXT, c_nationkey INT NOT NULL, c_phone TEXT, c_acctbal NUMERIC(12,2), c_mktsegment TEXT, c_comment TEXT);
CREATE TABLE orders (o_orderkey INT PRIMARY KEY, o_custkey INT NOT NULL, o_orderstatus TEXT, o_totalprice NUMERIC(12,2), o_orderdate DATE, o_orderpriority TEXT, o_clerk TEXT, o_shippriority INT, o_comment TEXT);
CREATE TABLE lineitem (l_orderkey INT, l_partkey INT, l_suppkey INT, l_linenumber INT, l_quantity NUMERIC(12,2), l_extendedprice NUMERIC(12,2), l_discount NUMERIC(12,2), l_tax NUMERIC(12,2), l_returnflag TEXT, l_linestatus TEXT, l_shipdate DATE, l_commitdate DATE, l_receiptdate DATE, l_shipinstruct TEXT, l_shipmode TEXT, l_comment TEXT, PRIMARY KEY (l_orderkey, l_linenumber));
