package sim_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/dirigo-stream/dirigo/actors/internal/fault"
	"github.com/dirigo-stream/dirigo/actors/internal/toy"
)

// tries is how many schedules a broken rule may survive.
const tries = 4000

// stands says which broken rules must be seen to stop the world, not only to
// leave something open at its end.
var stands = map[string]bool{"NoEarly": true, "QuotaOnly": true, "CreditLate": true, "NoGiveUp": true, "GiveUpDue": true, "NoCredit": true}

// TestNoFault is TestFaults' control: the same schedules, and no rule broken.
func TestNoFault(t *testing.T) {
	for seed := range uint64(50) {
		for _, name := range toy.Names {
			if _, _, err := newScenario(name, seeded(seed)).run(fault.Set{}); err != nil {
				t.Fatalf("%s seed %d: %v", name, seed, err)
			}
		}
	}
}

// TestFaults breaks each rule on its own: some schedule must show it. A rule
// that could be left out would not be tested, or not be needed.
func TestFaults(t *testing.T) {
	kind := reflect.TypeFor[fault.Set]()
	for i := range kind.NumField() {
		t.Run(kind.Field(i).Name, func(t *testing.T) {
			var f fault.Set
			reflect.ValueOf(&f).Elem().Field(i).SetBool(true)
			for seed := range uint64(tries) {
				for _, name := range toy.Names {
					if _, _, err := newScenario(name, seeded(seed)).run(f); err != nil && (!stands[kind.Field(i).Name] || errors.Is(err, toy.ErrBehind)) {
						t.Logf("caught at %s seed %d: %v", name, seed, err)
						return
					}
				}
			}
			t.Errorf("%d schedules of each topology do not catch it", tries)
		})
	}
}
