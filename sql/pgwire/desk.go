package pgwire

// A connection's own goroutine does nothing but wait for its client. What the
// client asks for runs on another one: a statement needs a deep stack, and a
// stack that has grown stays so, thus there are as many as statements run at the
// same time, not as many as clients have ever asked something.

// desk is the goroutines on which a server's connections work.
type desk struct{ idle chan *clerk }

// deskSize is how many goroutines wait for work; more come and go as needed. Each
// that is made anew has to grow its stack first, which costs as much as a small
// statement does; those that wait give theirs back when the collector comes.
const deskSize = 64

type clerk struct {
	in  chan errand
	out chan bool
}

// errand is what is to be done for a connection; false ends the connection.
type errand struct {
	conn *conn
	do   func(*conn) bool
}

func newDesk() desk { return desk{idle: make(chan *clerk, deskSize)} }

// run does something for a connection and returns when it is done.
func (d desk) run(c *conn, do func(*conn) bool) bool {
	var k *clerk
	select {
	case k = <-d.idle:
	default:
		k = &clerk{in: make(chan errand), out: make(chan bool)}
		go k.work()
	}
	k.in <- errand{c, do}
	goOn := <-k.out
	select {
	case d.idle <- k:
	default:
		close(k.in)
	}
	return goOn
}

func (k *clerk) work() {
	for e := range k.in {
		k.out <- e.do(e.conn)
	}
}

// close ends the goroutines; nobody may run anything any more.
func (d desk) close() {
	for {
		select {
		case k := <-d.idle:
			close(k.in)
		default:
			return
		}
	}
}
