/**
 * Every bound of the system, in one place, with the relations between them asserted at load.
 * Options (`options.ts`) may set some of them within the bounds given there; these are the
 * defaults and the hard edges. Sizes are bytes, times milliseconds, unless the name says else.
 */
import { assert } from "./base/assert.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** Native protocol: the largest payload a frame may announce (the original's limit). */
export const nativeFrameBytesMax = 10 * MiB;
/** Native protocol: names of topics remembered, over all connections. */
export const nativeTopicsKnownMax = 1_024;
/** Native protocol: topics that one connection remembers from chunk to chunk. */
export const nativeConnectionTopicsMax = 64;
/** Charged beside its bytes for a frame whose topic is not there yet: its copy and its place. */
export const nativeWaitingOverheadBytes = 512;
/** Native protocol: batch builders kept for the next chunk, over all connections. */
export const nativeBuildersIdleMax = 16;
/** Kafka protocol: the largest request (`socket.request.max.bytes`). */
export const kafkaFrameBytesMax = 100 * MiB;
/** Kafka protocol: requests of one connection that are taken and not answered. */
export const kafkaRequestsInFlightMax = 100;
/** Kafka protocol: requests of one connection that start in one turn of the event loop. */
export const kafkaRequestsPerTurnMax = 256;
/**
 * Kafka protocol: what requests, and batches' records, take of one turn of the event loop, all
 * connections together. One request, or one step of a batch, may be under way when it is spent.
 */
export const loopShareMsMax = 5;
/** Topics, or other things, of one request that are changed, or looked at, in one turn. */
export const pacedPerTurnMax = 500;
/** Configurations that one DescribeConfigs answers: some 15,000 topics. */
export const kafkaDescribedConfigsMax = 500_000;
/** Kafka protocol: elements of all lists of one request: it is read, and answered, in one go. */
export const kafkaRequestElementsMax = 32_768;
/** Charged for each element of a request's lists beside its bytes, while it is being answered. */
export const kafkaElementBytes = 100;
/** What one Fetch answers at most, whatever it asks; a larger first batch goes alone. */
export const kafkaFetchBytesMax = 16 * MiB;
/** Records on their way to consumers that have not taken them; above it, answers get small. */
export const kafkaFetchesBytesMax = 256 * MiB;
/**
 * Read for a consumer before it asks for it: one piece a connection, of what consumers ask for by
 * default (`max.partition.fetch.bytes`) or less; and all pieces together.
 */
export const kafkaReadAheadPieceBytesMax = MiB;
export const kafkaReadAheadBytesMax = 32 * MiB;
/** A piece that was not asked for by then is dropped. */
export const kafkaReadAheadMs = 1000;
/** Partitions that all fetch sessions remember (KIP-227); more consumers do without one. */
export const kafkaSessionPartitionsMax = 1_000_000;
/** Topics that one Metadata request has created at the same time. */
export const kafkaCreationsMax = 16;
/** Partitions of one ListOffsets that are searched at the same time. */
export const kafkaSearchesMax = 16;
/** One page of DescribeTopicPartitions (`max.request.partition.size.limit`). */
export const kafkaDescribedPartitionsMax = 2_000;
/** One Kafka message: elements of its lists, which take more memory than their bytes. */
export const messageElementsMax = 262_144;
/** A record batch, header included. Holds the largest native frame with room for its header. */
export const batchBytesMax = nativeFrameBytesMax + 64 * KiB;
/** Records in one batch built by this broker; Kafka clients' batches are bounded by bytes. */
export const batchRecordsMax = 10_000;
/** Memory that an idle batch builder keeps; what one large batch needed beyond it is given back. */
export const builderIdleBytesMax = MiB;
/** What one compressed batch may grow to when opened (decompression bombs stop here). */
export const decompressedBytesMax = 64 * MiB;
/**
 * The same for a batch that a client sends: opened before it is stored, in steps, one batch at a
 * time (measured for 16 MiB: 15 ms of gzip, in one step; 50 ms of snappy, in sixteen).
 */
export const producedUnpackedBytesMax = 16 * MiB;
/** LZ4 and Snappy: packed or unpacked bytes of one step, an LZ4 block aside (up to 4 MiB). */
export const unpackStepBytes = MiB;
/** Records of a client's batch that are looked at in one step. */
export const examineStepRecords = 32_768;
/** Records of a refused batch that are told apart; the rest is counted. */
export const recordErrorsMax = 100;
/** And of all batches of one Produce. */
export const kafkaRecordErrorsMax = 1_000;
/** zstd packs at this level where a topic asks for more: higher ones hold the event loop. */
export const zstdLevelMax = 9;
/** Headers of one record. */
export const recordHeadersMax = 1_000;

/** Segment size: a new file starts rather than pass it. Kafka's default, `segment.bytes`. */
export const segmentBytesDefault = GiB;
export const segmentBytesMin = 64 * KiB;
/** Positions are unsigned 32-bit in the index; this keeps every end below 2^32. */
export const segmentBytesMax = 2 * GiB;
/** Segment age: a new file starts after this time. Kafka's default, `segment.ms`: a week. */
export const segmentMsDefault = 7 * 24 * 3600 * 1000;
/** How often logs are looked over for what is to go (`log.retention.check.interval.ms`). */
export const retentionCheckMsDefault = 300_000;
export const retentionCheckMsMin = 100;
/** And how long after the start for the first time. */
export const janitorDelayMs = 30_000;
/** A record's time before this (March 1973) was not counted in milliseconds: see retention.ts. */
export const timestampMsMin = 100_000_000_000;
/** Nor was one that is so far in the future. */
export const timestampAheadMsMax = 24 * 3600 * 1000;
/** How far the wall clock may step ahead of the time that passes, at once, and be believed. */
export const clockStepMsMax = 3600 * 1000;
/** A clock that stepped further is believed once it has stood by it for so long. */
export const clockDoubtMs = 24 * 3600 * 1000;
/** And so often it is said meanwhile that it is not. */
export const clockDoubtToldMs = 3600 * 1000;
/** Compaction: what is known of keys at a time; with more keys it takes several passes. */
export const compactionMemoryDefault = 64 * MiB;
export const compactionMemoryMin = 64 * KiB;
export const compactionMemoryMax = 16 * GiB;
/** Compaction: bytes read and written a second. */
export const compactionRateDefault = 32 * MiB;
export const compactionRateMin = 64 * KiB;
export const compactionRateMax = 64 * GiB;
/** Compaction: records of one batch that are looked at in one step (measured: 0.5 ms). */
export const compactionStepRecords = 1_024;
/** How often logs are looked over for what is to be compacted (`log.cleaner.backoff.ms`). */
export const compactionCheckMsDefault = 15_000;
export const compactionCheckMsMin = 100;
/** A log whose compaction has failed is left alone for so long; where the disk was full, less. */
export const compactionRetryMs = 3600 * 1000;
export const compactionFullRetryMs = 300_000;
/** Partitions whose old records could not be deleted that are remembered by name. */
export const upkeepFaultsMax = 100;
/** Compaction: what is written at a time, and between two syncs. */
export const cleanBufferBytes = MiB;
export const cleanSyncBytes = 8 * MiB;
/** How often files are renamed that are to replace others, and how long it waits in between. */
export const swapAttemptsMax = 5;
export const swapRetryMs = 1_000;
/** How often a reader of a directory looks at what may be damage, or may have been replaced. */
export const viewLooksMax = 4;
/** Scrubbing: finished segments are read again, so many bytes a second; 0: never. */
export const scrubRateDefault = 8 * MiB;
export const scrubRateMax = 16 * GiB;
/** From the end of one reading of everything to the next one; and the first after the start. */
export const scrubPauseMs = 7 * 24 * 3600 * 1000;
export const scrubDelayMs = 600_000;
/** Damaged stretches that scrubbing remembers. */
export const scrubDamagesMax = 1_000;
/** Work in the background reads so much at a time, and checks it at once (0.1 ms). */
export const backgroundReadBytes = 256 * KiB;
/** Work in the background holds the event loop this long, and then leaves it alone for so long. */
export const backgroundSliceMs = 0.5;
export const backgroundRestMs = 1;
/** One index entry per this many bytes of log (Kafka's `index.interval.bytes`). */
export const indexIntervalBytes = 4 * KiB;
/** What a start leaves out of an index for good, at most, rather than read it again. */
export const indexGapBytesMax = MiB;
/** Bytes that the search for the next good batch behind damage may checksum in vain. */
export const resyncBytesMax = 64 * MiB;
/** How long a durable end may wait before readers of the directory are told of it. */
export const floorPublishMs = 10;

/** Open segment and index files, all logs together. */
export const logFilesOpenMax = 2_048;
/** Memory-mapped indexes; Linux allows 65,530 maps a process. */
export const mappedIndexesMax = 4_096;

/** Group commit: one write to disk takes at most this much. */
export const commitGroupBytesMax = 4 * MiB;
/** And this many separate pieces of memory: the system takes so many at once (IOV_MAX). */
export const commitGroupChunksMax = 1_024;
/**
 * Appended and not yet durable, per partition; more is refused. No producer comes to see that, as
 * clients give up what is refused for this reason: reading from connections pauses before.
 */
export const commitQueueBytesMax = 512 * MiB;
/** The cache of newest batches, all partitions together. */
export const cacheBytesDefault = 64 * MiB;
export const cacheSlabBytes = MiB;
/** One read of a log answers at most this much, whatever the caller asks. */
export const readBytesMax = 32 * MiB;
/** Free space below which producers are refused, so that offsets and shutdown still find room. */
export const diskReserveBytesDefault = 16 * MiB;
/** The longest `fsync=interval=<ms>`: more records than this much time brings may not be lost. */
export const fsyncIntervalMsMax = 60_000;
/** How often a full disk is asked whether space came back. */
export const diskProbeMs = 250;

/** How long opening the metadata waits for another process that holds it. */
export const metadataBusyMsMax = 1_000;
/** A write-ahead log of the metadata that has grown so far is carried over into the database. */
export const metadataWalBytesMax = 4 * MiB;

/** What a refusal shows of a name or a value that it refuses; the rest is counted. */
export const shownCharactersMax = 256;
/** And of a broker's reason for a failure. */
export const failureCharactersMax = 2_048;
/** Sizes of a directory's files that are asked for at once; more wait. */
export const listStatsInFlightMax = 64;
/** How long a start waits while only probes (`isLocked`), no broker, hold the directory's lock. */
export const lockProbedMsMax = 250;

export const topicNameCharactersMax = 249;
/** Directories made, logs opened or closed at the same time, all topics together. */
export const logsOpeningMax = 32;
/** Topics created at the same time; and those that one native connection has under way. */
export const topicsCreatingMax = 4;
export const nativeTopicsCreatingMax = 1;
/** How often a partition is tried again that could not be opened at the start. */
export const partitionReopenMs = 5_000;
/** How often the removal of a topic is tried again that could not be completed. */
export const topicRemovalRetryMs = 10_000;
export const partitionsPerTopicMax = 10_000;
/** All topics together; automatic creation stops here too. */
export const partitionsMax = 100_000;

/** Batches of one producer in one partition that are told from new ones (KIP-98). */
export const producerBatchesRetained = 5;
/** Idempotent producers that are remembered, each counted once for each of its partitions. */
export const producersMax = 250_000;
/** A producer is forgotten after so long without a batch (`producer.id.expiration.ms`). */
export const producerExpirationMs = 24 * 3600 * 1000;
/** What a start may have to read of a partition to know its producers again. */
export const producerTailBytesMax = 64 * MiB;
/** And so much of it at a time. */
export const producerTailReadBytes = MiB;
/** Producer ids that are reserved at once; what is left of them at a stop is never used. */
export const producerIdsReserved = 1_000;

/** Fetches that wait for records; more are answered at once with what there is. */
export const waitsMax = 65_536;
/** Partitions that all of them watch; who comes above it is not woken, and waits for its time. */
export const waitedPartitionsMax = 1_000_000;

/** The value of one configuration, as text. */
export const configValueCharactersMax = 8_192;

/** Groups, those of consumers that only commit offsets included. */
export const groupsMax = 100_000;
/** What all groups hold: members' metadata and assignments, committed offsets. */
export const groupsBytesMax = 256 * MiB;
/** Charged for each member and each committed offset beside its bytes. */
export const groupEntryOverheadBytes = 256;
/** A group id: with topic and partition it must fit an index entry of PostgreSQL (2,704 bytes). */
export const groupIdCharactersMax = 512;
/** A `group.instance.id`, a client's id within a member id, a protocol's type or name. */
export const groupNameCharactersMax = 255;
/** Assignment strategies that one member may offer. */
export const groupProtocolsMax = 64;
/** Metadata of one member, all its protocols together; the same for one assignment. */
export const groupMemberBytesMax = MiB;
/** Members of one group (`group.max.size`), and those that were given an id and have not joined. */
export const groupMembersMaxDefault = 10_000;
/** Kafka's `group.min.session.timeout.ms`, `group.max.session.timeout.ms`. */
export const groupSessionMsMinDefault = 6_000;
export const groupSessionMsMaxDefault = 1_800_000;
/** How long the first rebalance of a group waits for more members. */
export const groupInitialRebalanceMsDefault = 3_000;
/** A new member whose JoinGroup waits longer is dropped; it asks again if it is still there. */
export const groupNewMemberJoinMsMax = 300_000;
/** A client's reason to join or leave, in the log (KIP-800). */
export const groupReasonCharactersMax = 255;
/** The text that may go with a committed offset (`offset.metadata.max.bytes`). */
export const offsetMetadataCharactersMaxDefault = 4_096;
/** Committed offsets are kept this long after they fell out of use (KIP-211). */
export const offsetsRetentionMsDefault = 7 * 24 * 3600 * 1000;
/** And looked over this often. */
export const offsetsRetentionCheckMs = 600_000;
/** Groups: changes on their way to the metadata, in rows and bytes; more are refused. */
export const groupRowsQueuedMax = 100_000;
export const groupBytesQueuedMax = 64 * MiB;
/** Rows of one transaction: SQLite holds the event loop for all of them (3 to 10 µs each). */
export const groupTransactionRowsMax = 1_000;
/** The event loop has this long for itself between two of these transactions. */
export const groupTransactionPauseMs = 1;

export const connectionsMaxDefault = 10_000;
export const connectionsPerAddressMaxDefault = 1_000;
export const connectionsPerSecondMax = 500;
/** File descriptors kept back from connections to the ports, for segments, metadata, commands. */
export const descriptorsReserved = 256;
/** Received and not yet answered, over all connections; reading pauses above it. */
export const inFlightBytesMax = 256 * MiB;
/** The same for one connection. */
export const connectionInFlightBytesMax = 32 * MiB;
/** Replies that a peer does not read: the connection is closed above this, or after the time. */
export const replyBacklogBytesMax = 16 * MiB;
export const replyStalledMsMax = 10_000;
/** A peer must take this much of its replies, or all there is, within `replyStalledMsMax`. */
export const replyProgressBytesMin = 64 * KiB;
/** More than this of unread replies, and nothing further is read from their connection. */
export const replyPauseBytes = MiB;
/**
 * A connection holding less than this is read although the total is exceeded: a few greedy peers
 * can't stop the many small ones.
 */
export const connectionInFlightBytesMin = 16 * KiB;
/** Charged for each frame beside its bytes, so that a flood of tiny frames is bounded as well. */
export const frameOverheadBytes = 64;
/** A frame that has begun must be complete within this time. */
export const frameMsMax = 30_000;
export const connectionIdleMsMax = 600_000;
/** Connections are looked over for the three times above this often. */
export const connectionSweepMs = 1_000;

/** Producer: messages sent and not acknowledged, in bytes and in number; `send` waits above. */
export const producerInFlightBytesMax = 16 * MiB;
export const producerInFlightMessagesMax = 100_000;
/** Producer: sends that wait for room; more are refused, since nobody heeds their promises. */
export const producerWaitingMax = 100_000;
/** Producer: from `send` to its acknowledgement (Kafka's `delivery.timeout.ms`). */
export const producerDeliveryMsMax = 120_000;
/** Producer: a connection must open within this time. */
export const producerConnectMsMax = 10_000;
/** Producer: pauses between attempts to connect double from one to the other. */
export const producerBackoffMsMin = 50;
export const producerBackoffMsMax = 5_000;

/** Client over Kafka's protocol: requests of one connection that are sent and not answered. */
export const clientRequestsInFlightMax = 1_000;
/** Its largest response: what the largest Fetch of any broker may be asked for, and one batch. */
export const clientResponseBytesMax = 128 * MiB;
/** Partitions, topics or other things that one of its requests names; more go in several. */
export const clientItemsAskedMax = 1_000;
/** And how many of those are under way to each broker. */
export const clientPiecesAtOnce = 4;
/** How long a topic may be unknown that may just have been created; one that is known is whole. */
export const clientNewTopicMsMax = 5_000;
/** Topics, and coordinators of groups, that it remembers; the oldest are asked for again. */
export const clientTopicsKnownMax = 10_000;
export const clientCoordinatorsKnownMax = 10_000;
/** From a request to its response (Kafka's `request.timeout.ms`), and to connect before that. */
export const clientRequestMsMax = 30_000;
export const clientConnectMsMax = 10_000;
/** What it knows of a topic is asked again after so long (Kafka's `metadata.max.age.ms`). */
export const clientMetadataAgeMsMax = 300_000;
/** A group's lag: partitions whose first unread record is fetched at once. */
export const clientLagFetchesMax = 32;
/** And batches without any record that are passed over in search of it. */
export const clientLagBatchesMax = 16;
/** One call of an admin, its attempts together (Kafka's `default.api.timeout.ms`). */
export const clientAdminMsMax = 60_000;
/** Pauses before it tries again (Kafka's `retry.backoff.ms`, `retry.backoff.max.ms`). */
export const clientBackoffMsMin = 100;
export const clientBackoffMsMax = 1_000;
/** The longest pause that a broker gets when it asks for one (KIP-219). */
export const clientThrottleMsMax = 60_000;

/** Consumer over Kafka's protocol: Kafka's `session.timeout.ms` and `heartbeat.interval.ms`. */
export const consumerSessionMs = 45_000;
export const consumerHeartbeatMs = 3_000;
/** Its `max.poll.interval.ms`: how long a program may work on what it has polled. */
export const consumerPollIntervalMs = 300_000;
/** How much later than that a group's answer to joining may come. */
export const consumerRebalanceGraceMs = 5_000;
/** What leaving the group may take when the consumer is closed; then it is left to its session. */
export const consumerLeaveMsMax = 5_000;
/** All that closing it may take: the last commit, the program's own work, leaving. */
export const consumerCloseMsMax = 30_000;
/** Of that, for taking leave of brokers that would forget it anyway. */
export const consumerFarewellMsMax = 1_000;
/** How long a poll waits for records where its caller doesn't say, and the longest. */
export const consumerPollWaitMs = 1_000;
export const consumerPollWaitMsMax = 24 * 3600 * 1000;
/** How long polls that need not wait may keep the event loop from turning, the program included. */
export const consumerTurnMs = 50;
/** Its `fetch.max.wait.ms`, `fetch.max.bytes` and `max.partition.fetch.bytes`. */
export const consumerFetchWaitMs = 500;
export const consumerFetchBytes = 16 * MiB;
export const consumerPartitionFetchBytes = MiB;
/** What is fetched ahead of a program that is slow, responses on their way included. */
export const consumerBufferBytes = 64 * MiB;
/** Responses with records of one partition that wait to be polled; above it, others come first. */
export const consumerPiecesWaitingMax = 2;
/** How often it looks for new partitions of topics that exist. */
export const consumerTopicsLookMs = 30_000;
/** Questions for the end of records that can't be read, each for one offset or batch. */
export const consumerDamageProbesMax = 100_000;
export const consumerDamageProbesAtOnce = 64;
/** Kafka producer: a batch, not packed; a larger record has its own (Kafka's `batch.size`). */
export const clientBatchBytesDefault = 128 * KiB;
/** Its records from `send` to their outcome (`buffer.memory`); above it `send` waits for room. */
export const clientBufferBytesDefault = 32 * MiB;
/** Batches of one Produce request (`max.request.size`). */
export const clientProduceBytesDefault = MiB;
/** Produce requests to one broker that are not answered: as many as a broker tells apart. */
export const clientProducesInFlightMax = producerBatchesRetained;
/** The longest that a record waits for others to share its batch. */
export const clientLingerMsMax = 60_000;
/** Topics of one producer: it remembers for each partition how its batches are numbered. */
export const clientTopicsProducedMax = 100_000;
/** What it packs before the event loop goes on to others; a batch is packed in one go. */
export const clientPackBytesPerLook = 256 * KiB;
/** How often a busy producer looks whether its topics have new partitions or leaders. */
export const clientTopicLookMs = 1_000;

/** Commands over Kafka's protocol: the longest time to wait for an answer. */
export const kafkaTimeoutMsMax = 3600 * 1000;

/** Groups whose members and offsets a command asks for at the same time. */
export const groupsAskedMax = 100;
/** What an offset and a time (milliseconds since 1970) may be: whole numbers of 15 digits. */
export const offsetMax = 999_999_999_999_999;
export const timestampMsMax = 999_999_999_999_999;
/** Copies of a topic on different brokers that may be asked for. */
export const replicationFactorMax = 32_767;

/** `produce`: what is read of a file at a time. */
export const produceReadBytes = 256 * KiB;
/** `produce`: records sent with one promise. */
export const produceBatchRecordsMax = 1_000;
/** `produce`: records that were not stored are told one by one up to here, then counted. */
export const produceReportsMax = 10;
/** `produce`: after a signal, an answer may take so long before it is said what is waited for. */
export const produceWaitToldMs = 1_000;
export const produceRateMax = 10_000_000;
export const produceCountMax = 1_000_000_000_000;
/** `produce -J`: a line; JSON writes a byte as six characters at most. */
export const produceEnvelopeBytesMax = 6 * batchBytesMax;
/** `produce`: how long a topic may take to come to be that its first record makes. */
export const produceTopicMsMax = 5_000;
export const produceTimeoutMsMin = 1;
export const produceTimeoutMsMax = 3600 * 1000;
/** `produce`: connections that end without a reply, before it gives up on whoever listens there. */
export const produceSilentConnectionsMax = 3;
/** `produce --rate`: what a pause has saved up may come at once, up to this much time's worth. */
export const produceBurstMs = 100;

/** `bench`: bounds of what it is asked for; a value fits every broker's default limit. */
export const benchRecordsMax = 1_000_000_000;
export const benchTurnsMax = 1_000_000;
export const benchPartitionsMax = 10_000;
export const benchRecordBytesMax = 1_000_000;
/** `bench`: sends of many records each that wait for their OK at the same time. */
export const benchSendsInFlightMax = 8;
/** `bench`: a reader that waits for a record looks this often whether it is to end. */
export const benchPollMs = 1_000;

/** A command that follows a directory looks for what has come this often, and at least so often. */
export const followPollMs = 100;
export const followPollMsMax = 1_000;
/** `consume` commits at the latest this long after it has printed. */
export const consumeCommitMs = 1_000;
/** The furthest that options of `read` and `consume` may go. */
export const consumeCountMax = 1_000_000_000_000;
export const consumeTimeoutMsMax = 24 * 3600 * 1000;

/** Import: a batch is closed once it has this much; a larger message has one of its own. */
export const importBatchBytes = 256 * KiB;
/** Import: appended and not yet on the device. */
export const importInFlightBytesMax = 16 * MiB;
/** Import into a broker: messages that are sent together, and how many such wait for replies. */
export const importSendMessages = 500;
export const importRepliesAwaitedMax = 16;
/** Import: damaged stretches of one log that are told one by one; more are counted. */
export const importDamagesToldMax = 20;

/** The path of a Unix socket: the shortest limit of the systems we run on (macOS). */
export const unixSocketPathBytesMax = 103;
/** Connections to the control socket, beside those to the ports. */
export const controlConnectionsMax = 128;
/** How long a command waits for the control socket of a broker that starts or stops just now. */
export const controlSocketMsMax = 5_000;

/** Lag: records whose times are looked up at the same time, and those that are remembered. */
export const lagReadsMax = 16;
/** Lag: partitions that are looked at before it is asked whether the turn's share is spent. */
export const lagRowsAtOnce = 64;
export const lagTimesMax = 200_000;

/** Health: partitions that take no records and are named; all are counted. */
export const healthFaultsMax = 20;
/** Console: how old its counts, its lists and its lag may be, whoever asks and however often. */
export const consoleLiveMs = 900;
export const consoleListMs = 1_000;
export const consoleLagMs = 4_000;
/** Console: a list is kept for this many times as long as it took to make, if that is longer. */
export const consoleRestFactor = 20;
/** Console: milliseconds of one turn of the event loop, rows until that is asked, and groups. */
export const consoleTurnMsMax = 2;
export const consoleTurnRows = 64;
export const consoleTurnWaits = 8;
/** Console: rows of one answer. */
export const consoleRowsMax = 1_000;
/** HTTP: rows of one page of a list. */
export const httpPageRowsMax = 10_000;
/** HTTP: records of one request that is answered as a whole; a streamed one has no bound. */
export const httpBatchEntriesMax = 10_000;
/** HTTP: pieces of a streamed body (64 KiB or so each) whose reports are on their way. */
export const httpStreamPiecesMax = 16;
/** HTTP: records of one page, where the client doesn't say, and the most. */
export const httpRecordsDefault = 100;
export const httpRecordsMax = 10_000;
/** HTTP: keys, values and headers of one page; the record that passes it is its last. */
export const httpRecordsBytesMax = 8 * MiB;
/** HTTP: pages that are made at a time, since all their records are in memory. */
export const httpPagesMax = 8;
/** HTTP: bytes of the log that one request looks through for records that fit its filters. */
export const httpScanBytesMax = 64 * MiB;
/** HTTP: and that it opens in one go. */
export const httpScanReadBytes = MiB;
/** HTTP: how long a request may wait for records. */
export const httpWaitMsMax = 60_000;
/** HTTP: filters by header that one request may have. */
export const httpFiltersMax = 16;
/** A group member inside this process: how often it is heard of, and when it is given up. */
export const memberHeartbeatMs = 1_000;
export const memberSessionMs = 10_000;
/** And how long the others wait for it when the group rebalances. */
export const memberRebalanceMs = 60_000;
/** And how soon it tries again when the coordinator is not there. */
export const memberRetryMs = 200;

/** And how long the end of the process waits for members to leave their groups. */
export const membersLeaveMsMax = 1_000;

/** REST v2: consumer instances at a time, and when one is removed that nobody uses. */
export const restConsumersMax = 1_000;
export const restConsumerIdleMsDefault = 300_000;
export const restConsumerIdleMsMin = 10_000;
export const restConsumerIdleMsMax = 24 * 3600 * 1000;
/** REST v2: unused instances are looked for this often. */
export const restConsumerSweepMs = 5_000;
/** REST v2: how long a read waits where nobody says (`consumer.request.timeout.ms`). */
export const restConsumerWaitMsDefault = 1_000;
/** REST v2: `fetch.min.bytes` is at most this. */
export const restConsumerMinBytesMax = 10_000_000;
/** REST v2: topics that an instance subscribes to, and partitions that it names in one request. */
export const restConsumerTopicsMax = 1_000;
export const restConsumerPartitionsMax = 10_000;
/** REST v2: an instance's name. */
export const restConsumerNameCharactersMax = 255;
/** REST v2: a `topic_pattern`, and choices in it: each doubles the time that it takes at worst. */
export const topicPatternCharactersMax = 256;
export const topicPatternChoicesMax = 12;
/** REST v2: and as how many of them a repetition counts. */
export const topicPatternRepeatChoices = 4;
/** Commits that nobody asks for (`auto.commit.interval.ms`, and those of a group's events). */
export const autoCommitMs = 5_000;

/** Streams: what is encoded at a time; a larger record comes alone. */
export const streamChunkBytes = 64 * KiB;
/** Streams: and of each partition that has records at least this much. */
export const streamShareBytesMin = 8 * KiB;
/** Streams: encoded records that are kept for others who want the same. */
export const streamCacheBytesMax = 16 * MiB;
/** Streams: what each of them is charged beside its bytes. */
export const streamChunkOverheadBytes = 512;
/** Streams: where nothing comes, a sign of life comes this often. */
export const streamQuietMs = 15_000;
/** Streams: partitions of one stream; all their offsets are in each position. */
export const streamPartitionsMax = 256;
/** Streams: topics of a group's stream. */
export const streamTopicsMax = 64;
/** Streams: a WebSocket that has not taken this much gets nothing more until it has. */
export const streamUnsentBytesMax = 256 * KiB;
/** Streams: a peer that takes nothing of what there is for this long is cut. */
export const streamStalledMsMax = 10_000;

/** HTTP: JSON that is parsed in one go, while everybody waits (measured: 20 ms a MiB at worst). */
export const httpJsonBytesMax = MiB;
/** HTTP: the same for records, of which the largest must fit in base64. */
export const httpRecordJsonBytesMax = 16 * MiB;
/** How deep JSON from outside may be nested. */
export const jsonDepthMax = 500;
/** JSON whose numbers keep all their digits (measured: 25 ms at worst); in larger ones not all. */
export const exactJsonCharactersMax = 64 * KiB;
/** HTTP: one body that is read as a whole. */
export const httpBodyBytesMax = 32 * MiB;
/** HTTP: a body that is announced as no larger is taken as one piece. */
export const httpBodyAtOnceBytesMax = 64 * KiB;
/** HTTP: it must be complete within this time; of a streamed one, each next piece. */
export const httpBodyMsMax = 30_000;
/** HTTP: requests that are being answered, streams included; more get a 503. */
export const httpRequestsMax = 4_096;
/** HTTP: a connection on which nothing moves is closed; so is one whose answer takes longer. */
export const httpIdleMsMax = 120_000;
/** HTTP: a connection that has not asked anything within this time is closed. */
export const httpHeadMsMax = 30_000;
/** HTTP: an answer larger than this is sent in such pieces, as its peer takes them. */
export const httpAnswerPieceBytes = 64 * KiB;
/** HTTP: answers of more than a piece that peers have not taken; more get a 503. */
export const httpUnsentBytesMax = 256 * MiB;
/** HTTP: descriptors that must be free, or the door closes for a while; at most this share. */
export const httpDescriptorsFreeMin = 1_024;
export const httpDescriptorsShare = 1 / 8;
/** HTTP: they are looked at this often. */
export const httpDescriptorsMs = 1_000;
/** HTTP: one message that a WebSocket may send to the broker. */
export const httpSocketMessageBytesMax = 64 * KiB;
/** HTTP: what a WebSocket's peer has not taken; above it the connection is cut. */
export const httpSocketBacklogBytesMax = 4 * MiB;
/** HTTP: WebSockets that are open at a time. */
export const httpSocketsMax = 4_096;

/** The same signal again within this time is the same wish, delivered twice. */
export const signalEchoMs = 500;

/** Shutdown: connections are answered and logs flushed within this time. */
export const shutdownMsDefault = 10_000;

/** Damage, and notes, that a check of one partition lists; more is counted. */
export const verifyFindingsMax = 1_000;
/** Files that a reader of a directory keeps open: it lives in somebody else's process. */
export const readerFilesOpenMax = 64;
/** One poll of an embedded consumer: messages where its caller doesn't say, and the most. */
export const pollMessagesDefault = 500;
export const pollMessagesMax = 100_000;
/** Calls of one consumer that are not over: they are carried out one after another. */
export const consumerCallsWaitingMax = 1_000;
/** What a poll reads of one partition at a time; a larger batch is read as a whole. */
export const pollReadBytes = MiB;
/** A poll ends with the message that brings its keys and values to this. */
export const pollBytesMax = 32 * MiB;
/** How often a busy consumer looks for new topics and partitions. */
export const consumerLookMs = 1_000;
/** Places that a consumer's commit remembers of each partition, to find back after lost records. */
export const commitMarksMax = 32;
/** Warnings that nobody takes from a consumer: above this the oldest are dropped, and counted. */
export const consumerWarningsMax = 1_000;

/** The furthest that options may go where nothing above bounds them. */
export const lingerMsMax = 1_000;
export const segmentMsMin = 1;
export const segmentMsMax = 3_650 * 24 * 3600 * 1000;
export const cacheBytesMin = cacheSlabBytes;
export const cacheBytesMax = 256 * GiB;
export const diskReserveBytesMin = MiB;
export const diskReserveBytesMax = 1024 * GiB;
export const connectionsMaxMax = 1_000_000;
export const groupSessionMsMaxMax = 24 * 3600 * 1000;
export const shutdownTimeoutMsMin = 100;
export const shutdownTimeoutMsMax = 600_000;
/** A file of options is refused above this. */
export const optionFileBytesMax = 64 * KiB;

/** An event is logged this often within {@link logWindowMs}, then counted. */
export const logRepeatsMax = 20;
export const logWindowMs = 10_000;
/** Events whose repetition is watched at a time. */
export const logEventsTrackedMax = 256;
/** One value of a log line; longer ones are cut, and say so. */
export const logValueCharactersMax = 256;
export const logFieldsMax = 32;
/** Log lines that nobody takes: above this they are dropped, and counted. */
export const logQueueBytesMax = 4 * MiB;
/** Output of a command that nobody takes: above this, the command waits. */
export const outputQueueBytesMax = MiB;

/** A scrape of metrics works for so long, and then lets others go first. */
export const metricsSliceMs = 2;
/** Samples that are written in one go: less than a slice of time. */
export const metricsSliceSamples = 250;
/** Characters of metrics that go out in one piece. */
export const metricsChunkCharacters = 64 * 1024;
/** Partitions that have metrics of their own: whole topics, in the order of their names. */
export const metricsPartitionsMax = 20_000;
/** Consumer groups that have metrics of their own. */
export const metricsGroupsMax = 2_000;
/** Partitions, of all these groups, that have. */
export const metricsGroupPartitionsMax = 50_000;
/** Names that one scrape may be narrowed to: more than there are. */
export const metricsNamesMax = 200;
/** How often it is measured how late timers fire. */
export const loopDelayProbeMs = 20;
/** How long it is measured after a scrape: longer than scrapers' usual intervals. */
export const loopDelayIdleMs = 5 * 60_000;

/** `top`: how often it looks. */
export const topIntervalMsDefault = 2_000;
export const topIntervalMsMin = 500;
export const topIntervalMsMax = 60_000;
/** `top`: how long one look may take, and what it may have: all that a broker writes, and more. */
export const topScrapeMsMax = 10_000;
export const topScrapeBytesMax = 64 * MiB;
/** `top`: one line of it; a group's id is the longest thing there. */
export const topLineCharactersMax = 16 * KiB;
/** `top`: topics and groups that are kept of it; more are counted. */
export const topTopicsMax = metricsPartitionsMax;
export const topGroupsMax = metricsGroupsMax;
/** `top`: bounds of one histogram, and doors, that are kept of it. */
export const topBucketsMax = 256;
export const topDoorsMax = 16;
/** `top`: readings that are plotted, one a column: more columns than terminals have. */
export const topHistoryMax = 600;
/** `top`: rows of each table of a snapshot; more are counted. */
export const topRowsPrinted = 20;

assert(2 * partitionsMax <= messageElementsMax, "a response must be able to name all partitions");
assert(
  2 * partitionsPerTopicMax < kafkaRequestElementsMax,
  "a request must be able to name all partitions of a topic",
);
assert(
  3 * clientItemsAskedMax < kafkaRequestElementsMax,
  "what a client asks at once must be a request",
);
assert(2 * inFlightBytesMax <= commitQueueBytesMax, "all that is under way must fit one queue");
assert(topIntervalMsMax < loopDelayIdleMs, "a broker that is watched goes on measuring");
assert(groupIdCharactersMax * 12 < topLineCharactersMax, "a line must hold a group's id");
assert(nativeFrameBytesMax < connectionInFlightBytesMax, "one frame must fit a connection");
assert(
  nativeTopicsCreatingMax < topicsCreatingMax,
  "one connection must leave others' topics room",
);
assert(importInFlightBytesMax < commitQueueBytesMax, "an import must fit the commit queue");
assert(streamUnsentBytesMax < httpSocketBacklogBytesMax, "a slow WebSocket waits before it is cut");
assert(streamQuietMs < httpIdleMsMax, "a quiet stream is heard of before it seems idle");
assert(memberSessionMs >= groupSessionMsMinDefault, "the coordinator takes such a member");
assert(consumerFarewellMsMax < consumerCloseMsMax, "taking leave must leave time for the group");
assert(memberSessionMs > 3 * memberHeartbeatMs, "a member is not given up for one late heartbeat");
assert(streamStalledMsMax < httpIdleMsMax, "a stalled stream is cut before it seems idle");
assert(httpIdleMsMax <= 255_000, "the runtime waits no longer for an answer");
assert(httpBodyMsMax < httpIdleMsMax, "a slow body is told what is wrong before it is cut off");
assert(httpBodyBytesMax <= connectionInFlightBytesMax, "one body is no more than a connection");
assert(httpRecordJsonBytesMax > 1.5 * nativeFrameBytesMax, "the largest record must fit in base64");
assert(httpRecordJsonBytesMax <= httpBodyBytesMax, "a record must fit in a body");
assert(controlConnectionsMax < descriptorsReserved, "commands must fit what is kept back");
assert(kafkaFetchBytesMax + batchBytesMax < clientResponseBytesMax, "a Fetch must be readable");
assert(nativeFrameBytesMax < producerInFlightBytesMax, "one message must fit a producer");
assert(connectionInFlightBytesMax < inFlightBytesMax, "one connection must fit the total");
assert(replyPauseBytes < replyBacklogBytesMax, "reading must pause before a peer is cut off");
assert(
  connectionInFlightBytesMin * connectionsMaxDefault <= inFlightBytesMax,
  "what every connection may hold must fit the total",
);
assert(batchBytesMax <= readBytesMax, "one read must be able to return the largest batch");
assert(segmentBytesMax + batchBytesMax < 4 * GiB, "positions must fit 32 bits");
assert(clockStepMsMax < clockDoubtMs, "a step must be small beside the doubt of a greater one");
assert(indexIntervalBytes < segmentBytesMin, "a segment must hold index entries");
assert(batchBytesMax <= decompressedBytesMax, "a batch must fit when opened");
assert(batchBytesMax <= producedUnpackedBytesMax, "a batch must fit when it is checked");
assert(producedUnpackedBytesMax <= decompressedBytesMax, "what was stored must open again");
assert(partitionsMax <= waitedPartitionsMax, "one fetch must be able to wait for all partitions");
assert(groupTransactionRowsMax < groupRowsQueuedMax, "a transaction must fit its queue");
assert(groupMemberBytesMax < groupsBytesMax, "one member must fit what all groups may hold");
assert(groupSessionMsMinDefault <= groupSessionMsMaxDefault, "some session must be allowed");
