/* SPDX-License-Identifier: MIT */
#include "producer/examples/gateway/actors.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>

#include "producer/examples/gateway/clock.h"
#include "ring/bell.h"
#include "ring/channel.h"

#define BURST        32
#define SPINS        500       /* 5 to 30 us, by processor: about what a wake-up costs */
#define SLEEP_NS     GW_SECOND /* it is woken by a bell anyway */
#define BLOCK_NS     (2 * GW_SECOND)
#define ACCOUNT_BITS 17

enum { VALIDATOR, SEQUENCER, SIMULATOR0, SIMULATOR1, SEALER, RESPONDER, ACTORS };

struct actor {
	const struct role *role;
	struct gw_line *line;
	struct tk_bell bell;
	struct tk_channel *in[2];
	struct tk_channel *out[2]; /* [1]: only the sequencer has a choice */
	struct actor *next[2];     /* at the other end of out[] */
	tk_timer_t timer;
	int cpu; /* to be pinned to, or -1 */
	pthread_t thread;
};

struct role {
	const char *thread;
	const char *timer;
	unsigned int concerns; /* bit: method; RPC_METHODS: what has been refused */
	void (*work)(struct gw_line *line, struct rpc_call *call);
	/* Called after every burst and before every sleep. @return for how many ns to sleep. */
	int64_t (*between)(struct gw_line *line);
};

struct gw_line {
	gw_answered answered;
	unsigned int spins;
	tk_timer_t total;
	tk_timer_t seal_block;
	tk_timer_t block;
	_Atomic bool stop;
	sem_t ready; /* posted by each actor that has its lane */

	struct gw_accounts *accounts; /* see accounts.h for who may do what */
	uint64_t sequence;            /* the sequencer's */

	/* The sealer's. */
	struct gw_merkle leaves;
	struct gw_hash parent;
	uint64_t height;
	int64_t next_block_ns;

	struct actor actor[ACTORS];
};

/* ---- what each of them does ------------------------------------------------------------------ */

static void validate(struct gw_line *line, struct rpc_call *call)
{
	struct gw_keccak k;

	(void)line;
	rpc_read_params(call);
	call->quantity = GW_CHAIN_ID;
	if (call->error || call->method != RPC_SEND_TRANSACTION)
		return;
	gw_keccak_init(&k);
	gw_keccak_add(&k, &call->from, sizeof(call->from));
	gw_keccak_add(&k, &call->to, sizeof(call->to));
	gw_keccak_add(&k, &call->value, sizeof(call->value));
	for (size_t i = 0; i < call->bytes; i++) {
		uint8_t byte = rpc_data_byte(call, i);

		gw_keccak_add(&k, &byte, 1);
	}
	call->digest = gw_keccak_end(&k);
	call->signature = gw_sign(&call->digest);
}

/* Accounts are dealt to the simulators by where they are in the table. */
static unsigned int simulator_of(const struct gw_line *line, const struct gw_account *account)
{
	return (unsigned int)(account - line->accounts->slot) & 1;
}

static void sequence(struct gw_line *line, struct rpc_call *call)
{
	if (call->method == RPC_GET_BALANCE) {
		call->sender = gw_accounts_find(line->accounts, &call->from);
	} else {
		call->sequence = line->sequence++;
		call->sender = gw_accounts_open(line->accounts, &call->from);
		call->receiver = gw_accounts_open(line->accounts, &call->to);
		if (!call->sender || !call->receiver)
			rpc_refuse(call, RPC_REJECTED, "the table of accounts is full");
	}
	if (call->sender)
		call->simulator = simulator_of(line, call->sender);
}

static void transact(struct rpc_call *call)
{
	static const char *const complaint[] = {
		[GW_NONCE_LOW] = "nonce too low",
		[GW_NONCE_HIGH] = "nonce too high",
		[GW_POOR] = "insufficient funds",
	};
	uint64_t nonce = call->has_nonce ? call->nonce : call->sender->nonce;
	uint64_t place[2] = { call->sequence, nonce };
	enum gw_verdict verdict;

	if (!gw_signed(&call->digest, call->signature)) {
		rpc_refuse(call, RPC_INTERNAL_ERROR, "the validator did not sign this");
		return;
	}
	verdict = gw_transfer(call->sender, call->receiver, nonce, call->value);
	if (verdict != GW_DONE)
		rpc_refuse(call, RPC_REJECTED, complaint[verdict]);
	call->digest = gw_hash2(&call->digest, sizeof(call->digest), place, sizeof(place));
}

static void simulate(struct gw_line *line, struct rpc_call *call)
{
	(void)line;
	if (call->method == RPC_SEND_TRANSACTION)
		transact(call);
	else /* an account that nobody has used yet has what it would be opened with */
		call->quantity = call->sender ? atomic_load_explicit(&call->sender->balance,
								     memory_order_relaxed)
					      : GW_GENESIS;
}

static void seal(struct gw_line *line, struct rpc_call *call)
{
	if (call->method == RPC_SEND_TRANSACTION)
		gw_merkle_add(&line->leaves, &call->digest);
	else
		call->quantity = line->height;
}

/* A block is not caused by any one message, so its span has no origin. */
static void close_block(struct gw_line *line)
{
	uint64_t start = tk_start(line->seal_block);
	struct gw_hash root = gw_merkle_root(&line->leaves);

	line->parent = gw_hash2(&line->parent, sizeof(line->parent), &root, sizeof(root));
	line->leaves.leaves = 0;
	line->height++;
	tk_stop(line->seal_block, start);
	tk_mark(line->block);
}

static int64_t keep_sealing(struct gw_line *line)
{
	int64_t left = line->next_block_ns - gw_now_ns();

	if (left > 0)
		return left;
	close_block(line);
	line->next_block_ns += BLOCK_NS;
	return 0;
}

static void respond(struct gw_line *line, struct rpc_call *call)
{
	(void)line;
	rpc_answer(call);
}

#define SEND    (1u << RPC_SEND_TRANSACTION)
#define BALANCE (1u << RPC_GET_BALANCE)
#define HEIGHT  (1u << RPC_BLOCK_NUMBER)
#define VALID   ((1u << RPC_METHODS) - 1)
#define ALL     (VALID | 1u << RPC_METHODS)

static const struct role roles[ACTORS] = {
	[VALIDATOR] = { "gw-validator", "Validator-check", VALID, validate, NULL },
	[SEQUENCER] = { "gw-sequencer", "Sequencer-handle_tx", SEND | BALANCE, sequence, NULL },
	[SIMULATOR0] = { "gw-simulator0", "Simulator0-simulate", SEND | BALANCE, simulate, NULL },
	[SIMULATOR1] = { "gw-simulator1", "Simulator1-simulate", SEND | BALANCE, simulate, NULL },
	[SEALER] = { "gw-sealer", "Seal-add", SEND | HEIGHT, seal, keep_sealing },
	[RESPONDER] = { "gw-responder", "Respond-answer", ALL, respond, NULL },
};

/* ---- what all of them do --------------------------------------------------------------------- */

/* The end of the line. The request may be gone once `answered` has it. */
static void finish(struct gw_line *line, const gw_message *message)
{
	struct rpc_request *request = message->data->request;

	tk_latency_now(line->total, message->origin);
	if (--request->unanswered == 0)
		line->answered(request);
}

/* The message is passed on as it is, and its origin with it. @return bit: to which next actor. */
static unsigned int pass_on(struct actor *a, const gw_message *message)
{
	unsigned int way = a->next[1] ? message->data->simulator : 0;
	bool had_room;

	if (!a->out[way]) {
		finish(a->line, message);
		return 0;
	}
	had_room = tk_channel_push(a->out[way], message, 1);
	assert(had_room);
	(void)had_room;
	return 1u << way;
}

/* The three lines that instrument an actor. */
static void handle(struct actor *a, const gw_message *message)
{
	struct rpc_call *call = message->data;
	unsigned int kind = call->error ? RPC_METHODS : call->method;
	uint64_t start;

	if (!(a->role->concerns >> kind & 1))
		return;
	start = tk_start(a->timer);
	a->role->work(a->line, call);
	tk_stop_latency(a->timer, start, message->origin);
}

static unsigned int handle_burst(struct actor *a, struct tk_channel *in)
{
	gw_message burst[BURST];
	unsigned int n = in ? tk_channel_pop(in, burst, BURST) : 0;
	unsigned int ways = 0;

	for (unsigned int i = 0; i < n; i++) {
		handle(a, &burst[i]);
		ways |= pass_on(a, &burst[i]);
	}
	for (unsigned int i = 0; i < 2; i++) {
		if (ways >> i & 1)
			tk_bell_ring(&a->next[i]->bell);
	}
	return n;
}

static bool has_work(const struct actor *a)
{
	return !tk_channel_empty(a->in[0]) || (a->in[1] && !tk_channel_empty(a->in[1]));
}

static bool stopping(const struct actor *a)
{
	return atomic_load_explicit(&a->line->stop, memory_order_acquire);
}

static void rest(struct actor *a, int64_t ns)
{
	for (unsigned int i = 0; i < a->line->spins; i++) {
		if (has_work(a))
			return;
		tk_relax();
	}
	tk_bell_doze(&a->bell);
	if (!has_work(a) && !stopping(a))
		tk_bell_sleep(&a->bell, ns);
	tk_bell_awake(&a->bell);
}

static void *run_actor(void *arg)
{
	struct actor *a = arg;
	struct tk_thread thread = {
		.name = a->role->thread,
		.pin = a->cpu >= 0,
		.cpu = (uint32_t)a->cpu,
	};

	/* Now, not at the first record: it takes milliseconds, and the first message would wait. */
	tk_join(&thread);
	sem_post(&a->line->ready);
	while (!stopping(a)) {
		unsigned int n = handle_burst(a, a->in[0]) + handle_burst(a, a->in[1]);
		int64_t ns = a->role->between ? a->role->between(a->line) : SLEEP_NS;

		if (n == 0)
			rest(a, ns);
	}
	return NULL;
}

/* ---- building the line ----------------------------------------------------------------------- */

unsigned int gw_threads(void)
{
	return ACTORS + 1;
}

int gw_nth_cpu(unsigned int n)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET((size_t)cpu, &allowed) && n-- == 0)
			return cpu;
	}
	return -1;
}

static const struct {
	uint8_t from, out, to, in;
} joints[] = {
	{ VALIDATOR, 0, SEQUENCER, 0 },  { SEQUENCER, 0, SIMULATOR0, 0 },
	{ SEQUENCER, 1, SIMULATOR1, 0 }, { SIMULATOR0, 0, SEALER, 0 },
	{ SIMULATOR1, 0, SEALER, 1 },    { SEALER, 0, RESPONDER, 0 },
};

static int join_actors(struct gw_line *line, unsigned int capacity)
{
	line->actor[VALIDATOR].in[0] = tk_channel_new(capacity, sizeof(gw_message));
	if (!line->actor[VALIDATOR].in[0])
		return -errno;
	for (size_t i = 0; i < sizeof(joints) / sizeof(joints[0]); i++) {
		struct actor *from = &line->actor[joints[i].from];
		struct actor *to = &line->actor[joints[i].to];
		struct tk_channel *channel = tk_channel_new(capacity, sizeof(gw_message));

		if (!channel)
			return -errno;
		from->out[joints[i].out] = channel;
		from->next[joints[i].out] = to;
		to->in[joints[i].in] = channel;
	}
	return 0;
}

static void free_line(struct gw_line *line)
{
	for (int i = 0; i < ACTORS; i++) {
		tk_channel_free(line->actor[i].in[0]);
		tk_channel_free(line->actor[i].in[1]);
	}
	sem_destroy(&line->ready);
	free(line->accounts);
	free(line);
}

static void stop_actors(struct gw_line *line, int n)
{
	atomic_store_explicit(&line->stop, true, memory_order_release);
	for (int i = 0; i < n; i++)
		tk_bell_ring(&line->actor[i].bell);
	for (int i = 0; i < n; i++)
		pthread_join(line->actor[i].thread, NULL);
}

static int start_actors(struct gw_line *line, bool pin)
{
	for (int i = 0; i < ACTORS; i++) {
		struct actor *a = &line->actor[i];
		int rc;

		a->line = line;
		a->role = &roles[i];
		a->timer = tk_timer(a->role->timer);
		a->cpu = pin ? gw_nth_cpu((unsigned int)i + 1) : -1;
		rc = pthread_create(&a->thread, NULL, run_actor, a);
		if (rc) {
			stop_actors(line, i);
			return -rc;
		}
	}
	for (int i = 0; i < ACTORS; i++)
		sem_wait(&line->ready);
	return 0;
}

struct gw_line *gw_line_start(unsigned int capacity, bool pin, gw_answered answered)
{
	struct gw_line *line = aligned_alloc(64, (sizeof(*line) + 63) / 64 * 64);
	int rc = -ENOMEM;

	if (!line)
		return NULL;
	*line = (struct gw_line){
		.answered = answered,
		.spins = pin ? SPINS : 0, /* without a core of its own, whoever spins steals */
		.total = tk_timer("Gateway-total"),
		.seal_block = tk_timer("Seal-block"),
		.block = tk_timer("block"),
		.accounts = gw_accounts_new(ACCOUNT_BITS),
		.next_block_ns = gw_now_ns() + BLOCK_NS,
	};
	sem_init(&line->ready, 0, 0);
	if (line->accounts)
		rc = join_actors(line, capacity);
	if (rc == 0)
		rc = start_actors(line, pin);
	if (rc) {
		free_line(line);
		errno = -rc;
		return NULL;
	}
	return line;
}

void gw_line_stop(struct gw_line *line)
{
	stop_actors(line, ACTORS);
	free_line(line);
}

void gw_line_push(struct gw_line *line, const gw_message *message)
{
	bool had_room = tk_channel_push(line->actor[VALIDATOR].in[0], message, 1);

	assert(had_room);
	(void)had_room;
}

void gw_line_ring(struct gw_line *line)
{
	tk_bell_ring(&line->actor[VALIDATOR].bell);
}
