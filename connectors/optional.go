package connectors

import "context"

// Checker is a Source or Sink that can ask the outside, now, whether it would
// work: CREATE calls it, so that its user learns of a topic that does not exist
// or a password that is wrong. A restart does not: an outside that is away is
// waited for. An *OptionError is the user's to mend.
type Checker interface {
	Check(ctx context.Context) error
}

// OffsetCommitter is a Source that can show the outside how far it was read, for
// tools that watch the lag. Nothing is ever read back: positions are kept in
// epochs. next holds the offset to go on from, by partition.
type OffsetCommitter interface {
	CommitOffsets(ctx context.Context, next map[int32]int64) error
}
