package actors_test

import (
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
)

// smallFirst runs messages of few rows before those of many, and each query that
// has used more than a second after all others.
type smallFirst struct{}

// Send implements actors.Policy: the key of a message.
func (smallFirst) Send(_ *actors.Load, m actors.Meta, _ int64) int64 { return int64(m.Rows) }

// Pick implements actors.Policy: the place of an actor whose most urgent message
// has key.
func (smallFirst) Pick(l *actors.Load, key, _ int64) actors.Rank {
	if used := l.Used.Total.Load(); used > int64(time.Second) {
		return actors.Rank{Key: used, Shared: true}
	}
	return actors.Rank{Key: key}
}

func ExamplePolicy() {
	var p actors.Policy = smallFirst{}
	l := &actors.Load{Used: &actors.Use{}}
	small, large := p.Send(l, actors.Meta{Rows: 1}, 0), p.Send(l, actors.Meta{Rows: 1000}, 0)
	fmt.Println(p.Pick(l, small, 0).Key < p.Pick(l, large, 0).Key)

	rt := actors.New[int](actors.Config{Workers: 1, Policy: p})
	rt.Close()
	// Output: true
}
