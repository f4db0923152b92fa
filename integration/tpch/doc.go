// Package tpch runs the queries of TPC-H as views over tables that change, and
// compares them with PostgreSQL.
package tpch
