// Package chaos holds tests that do violence to the real binary: it is killed
// while rows flow, loses its broker, meets a slow outside, has less memory than
// state, and finds its files damaged. What it answers afterwards is compared
// with a naive computation over the same rows.
//
// DIRIGO_CHAOS_KILLS says how often a test of kills kills (6, or 2 where there
// are many queries), and DIRIGO_CHAOS_LONG=1 runs the long forms of the others. Seeds are printed;
// DIRIGO_CHAOS_SEED sets the first.
package chaos
