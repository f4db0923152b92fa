// Package fault lists the ways in which a mailbox can be broken on purpose, so
// that the simulator can show that its checks catch each of them. Outside of
// tests every field is false.
package fault

// Set names one or more rules to leave out or to get wrong.
type Set struct {
	MergeAll     bool // Puncts merge whatever they say (a Seal is kept)
	MergeOne     bool // Puncts merge when only the earlier has nothing to say
	MergeMoves   bool // Puncts merge though the watermark moved
	MergeSeal    bool // Puncts merge over a Seal
	RunAhead     bool // a channel may go on though others are behind
	WmMax        bool // the watermark is the greatest over the channels
	LessorDue    bool // due is judged without the lent rows
	NoEarly      bool // lent batches are collected at due work only
	CreditLate   bool // the same, and credit of a lent batch returns at the end of its round
	QuotaOnly    bool // early rounds by quota only, not by starved credit or age
	AdmitWaiting bool // messages are admitted while a passed frontier waits
	AheadEarly   bool // rows are lent ahead of a frontier that waits for an early round
	AheadDue     bool // due is judged with the rows lent ahead
	SkipRound    bool // due work runs before the lessees have been merged
	CreditTwice  bool // each report of a run returns credit
	NoAttempt    bool // partials are absorbed whatever their attempt
	NoCount      bool // a lessee answers though messages sent to it are missing
	NoGiveUp     bool // nobody is given up
	GiveUpDue    bool // nobody is given up in an early round
	PunctFirst   bool // the Punct goes before the rest of the output
	NoCredit     bool // credit of a batch run at the lessor is forgotten
	SealPasses   bool // a Seal makes nothing due
	Overtake     bool // a Punct that makes nothing due leaves while a call has more to emit
	AskParked    bool // a parked behavior is asked what is due
	FirstInput   bool // a frontier passes as soon as one input has
	NoQuota      bool // what is lent has no bound
	AskAll       bool // every lessee is asked for its partial, used or not
	RestOpen     bool // an actor counts as at rest though lessees hold something of it
	OneChunk     bool // what remains of a partial after its first chunk is forgotten
	Clamp        bool // of the toy: negative counts in a partial are left out
	Cut          bool // of the toy: a partial of updating rows is cut to what shows
	Order        bool // of the toy: a partial depends on the order in a round
}
