package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// Profile writes what the process does until stop is called into dir: cpu,
// allocs, heap and block, for go tool pprof. An empty dir writes nothing.
func Profile(dir string) (stop func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	runtime.SetBlockProfileRate(10_000)
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return func() error {
		pprof.StopCPUProfile()
		if err := cpu.Close(); err != nil {
			return err
		}
		for _, name := range []string{"allocs", "heap", "block"} {
			if err := writeProfile(dir, name); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func writeProfile(dir, name string) error {
	f, err := os.Create(filepath.Join(dir, name+".pprof"))
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	defer f.Close()
	return pprof.Lookup(name).WriteTo(f, 0)
}
