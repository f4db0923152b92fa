package tpch

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// data makes the rows of a small TPC-H database: the tables' proportions and
// the values that the queries ask for, not the exact distributions.
type data struct {
	*rand.Rand
	suppliers, parts, customers, orders int
}

func newData(seed uint64, orders int) *data {
	return &data{rand.New(rand.NewPCG(seed, 3)), max(10, orders/75), max(20, orders/8), max(15, orders/10), orders}
}

var (
	// Few nations have people, so that few rows meet often.
	busy    = []int{2, 3, 6, 7, 8, 18, 23}
	regions = []string{"AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"}
	nations = strings.Fields(`ALGERIA:0 ARGENTINA:1 BRAZIL:1 CANADA:1 EGYPT:4 ETHIOPIA:0 FRANCE:3 GERMANY:3 INDIA:2 INDONESIA:2 IRAN:4 IRAQ:4
		JAPAN:2 JORDAN:4 KENYA:0 MOROCCO:0 MOZAMBIQUE:0 PERU:1 CHINA:2 ROMANIA:3 SAUDI_ARABIA:4 VIETNAM:2 RUSSIA:3 UNITED_KINGDOM:3 UNITED_STATES:1`)
	colours    = strings.Fields("almond azure beige blue brown chocolate coral forest green ivory lemon linen olive pink plum red")
	segments   = []string{"AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY"}
	priorities = []string{"1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"}
	modes      = []string{"AIR", "AIR REG", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"}
	instructs  = []string{"COLLECT COD", "DELIVER IN PERSON", "NONE", "TAKE BACK RETURN"}
	types1     = []string{"ECONOMY", "LARGE", "MEDIUM", "PROMO", "SMALL", "STANDARD"}
	types2     = []string{"ANODIZED", "BRUSHED", "BURNISHED", "PLATED", "POLISHED"}
	types3     = []string{"BRASS", "COPPER", "NICKEL", "STEEL", "TIN"}
	sizes      = []string{"JUMBO", "LG", "MED", "SM", "WRAP"}
	containers = []string{"BAG", "BOX", "CAN", "CASE", "DRUM", "JAR", "PACK", "PKG"}
	partSizes  = []int{1, 3, 9, 14, 19, 23, 36, 45, 49}
)

func pick[T any](d *data, of []T) T { return of[d.IntN(len(of))] }

func (d *data) money(low, high int) string {
	cents := low*100 + d.IntN((high-low)*100)
	return fmt.Sprintf("%.2f", float64(cents)/100)
}

func (d *data) date(from string, days int) string {
	t, _ := time.Parse(time.DateOnly, from)
	return t.AddDate(0, 0, d.IntN(days)).Format(time.DateOnly)
}

func (d *data) comment() string {
	words := []string{"special", "requests", "Customer", "Complaints", "carefully", "final", "deposits", "sleep", "quickly", "ideas"}
	var out []string
	for range 3 + d.IntN(4) {
		out = append(out, pick(d, words))
	}
	return strings.Join(out, " ")
}

func quote(s string) string { return "'" + s + "'" }

func row(cells ...any) string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = fmt.Sprint(c)
		if s, ok := c.(string); ok && (s == "" || s[0] != '#') {
			out[i] = quote(s)
		} else {
			out[i] = strings.TrimPrefix(out[i], "#")
		}
	}
	return "(" + strings.Join(out, ", ") + ")"
}

// inserts returns the statements that fill the tables, a few rows each.
func (d *data) inserts() []string {
	var out []string
	fill := func(table string, n, batch int, one func(i int) []string) {
		var rows []string
		flush := func() {
			if len(rows) > 0 {
				out = append(out, "INSERT INTO "+table+" VALUES "+strings.Join(rows, ", "))
			}
			rows = nil
		}
		for i := range n {
			rows = append(rows, one(i)...)
			if len(rows) >= batch {
				flush()
			}
		}
		flush()
	}
	fill("region", 5, 5, func(i int) []string { return []string{row(i, regions[i], d.comment())} })
	fill("nation", 25, 25, func(i int) []string {
		name, region, _ := strings.Cut(nations[i], ":")
		return []string{row(i, strings.ReplaceAll(name, "_", " "), "#"+region, d.comment())}
	})
	fill("supplier", d.suppliers, 20, func(i int) []string {
		n := pick(d, busy)
		return []string{row(i+1, fmt.Sprintf("Supplier#%09d", i+1), fmt.Sprintf("street %d", d.IntN(99)), n, d.phone(n), "#"+d.money(-999, 9999), d.comment())}
	})
	fill("part", d.parts, 20, func(i int) []string { return []string{d.part(i + 1)} })
	fill("partsupp", d.parts, 20, func(i int) []string {
		var rows []string
		for k := range min(4, d.suppliers) {
			s := (i+k*(d.suppliers/4+1))%d.suppliers + 1
			rows = append(rows, row(i+1, s, d.IntN(9999), "#"+d.money(1, 1000), d.comment()))
		}
		return rows
	})
	fill("customer", d.customers, 20, func(i int) []string {
		n := pick(d, busy)
		return []string{row(i+1, fmt.Sprintf("Customer#%09d", i+1), fmt.Sprintf("avenue %d", d.IntN(99)), n, d.phone(n), "#"+d.money(-999, 9999), pick(d, segments), d.comment())}
	})
	for i := range d.orders {
		out = append(out, d.order(i+1)...)
	}
	return out
}

func (d *data) phone(nation int) string {
	return fmt.Sprintf("%d-%03d-%03d-%04d", nation+10, d.IntN(999), d.IntN(999), d.IntN(9999))
}

func (d *data) part(id int) string {
	return row(id, pick(d, colours)+" "+pick(d, colours), fmt.Sprintf("Manufacturer#%d", 1+d.IntN(5)), fmt.Sprintf("Brand#%d%d", 1+d.IntN(5), 1+d.IntN(5)),
		pick(d, types1)+" "+pick(d, types2)+" "+pick(d, types3), pick(d, partSizes), pick(d, sizes)+" "+pick(d, containers), "#"+d.money(900, 2000), d.comment())
}

// order is the statements of one order with its lines.
func (d *data) order(id int) []string {
	on := d.date("1992-01-01", 2400)
	status := pick(d, []string{"F", "F", "O", "P"})
	order := row(id, 1+d.IntN(d.customers*2/3+1), status, "#"+d.money(1000, 400000), on, pick(d, priorities), fmt.Sprintf("Clerk#%d", d.IntN(50)), 0, d.comment())
	var lines []string
	for n := range 1 + d.IntN(7) {
		lines = append(lines, d.line(id, n+1, on))
	}
	return []string{"INSERT INTO orders VALUES " + order, "INSERT INTO lineitem VALUES " + strings.Join(lines, ", ")}
}

func (d *data) line(order, n int, ordered string) string {
	return row(order, 1+d.IntN(d.parts), 1+d.IntN(d.suppliers), n, 1+d.IntN(50), "#"+d.money(900, 50000), fmt.Sprintf("#0.%02d", d.IntN(11)), fmt.Sprintf("#0.%02d", d.IntN(9)),
		pick(d, []string{"R", "A", "N"}), pick(d, []string{"O", "F"}), d.date(ordered, 120), d.date(ordered, 90), d.date(ordered, 150), pick(d, instructs), pick(d, modes), d.comment())
}

// change is a random update or delete, or a new order.
func (d *data) change(next *int) []string {
	order, part := 1+d.IntN(d.orders), 1+d.IntN(d.parts)
	switch d.IntN(9) {
	case 0:
		return []string{fmt.Sprintf("DELETE FROM lineitem WHERE l_orderkey = %d", order), fmt.Sprintf("DELETE FROM orders WHERE o_orderkey = %d", order)}
	case 1:
		return []string{fmt.Sprintf("UPDATE lineitem SET l_quantity = l_quantity + 1, l_discount = 0.06 WHERE l_orderkey = %d", order)}
	case 2:
		return []string{fmt.Sprintf("UPDATE orders SET o_custkey = %d, o_orderstatus = 'F' WHERE o_orderkey = %d", 1+d.IntN(d.customers), order)}
	case 3:
		return []string{fmt.Sprintf("UPDATE customer SET c_acctbal = c_acctbal - 10, c_nationkey = %d WHERE c_custkey = %d", pick(d, busy), 1+d.IntN(d.customers))}
	case 4:
		return []string{fmt.Sprintf("UPDATE part SET p_size = %d WHERE p_partkey = %d", pick(d, partSizes), part)}
	case 5:
		return []string{fmt.Sprintf("UPDATE partsupp SET ps_supplycost = %s WHERE ps_partkey = %d", d.money(1, 1000), part)}
	case 6:
		return []string{fmt.Sprintf("DELETE FROM lineitem WHERE l_linenumber = %d AND l_partkey = %d", 1+d.IntN(7), part)}
	case 7:
		return []string{fmt.Sprintf("UPDATE supplier SET s_nationkey = %d WHERE s_suppkey = %d", pick(d, busy), 1+d.IntN(d.suppliers))}
	}
	*next++
	return d.order(*next)
}
