/** What an operator can set for consumer groups; the words are those of Kafka's settings. */
import {
  groupInitialRebalanceMsDefault,
  groupMembersMaxDefault,
  groupsBytesMax,
  groupSessionMsMaxDefault,
  groupSessionMsMinDefault,
  groupsMax,
  offsetMetadataCharactersMaxDefault,
  offsetsRetentionMsDefault,
} from "../limits.ts";

/** See the head of this file. */
export interface GroupRules {
  /** `group.min.session.timeout.ms` and `group.max.session.timeout.ms`. */
  readonly sessionTimeoutMsMin: number;
  readonly sessionTimeoutMsMax: number;
  /** `group.initial.rebalance.delay.ms`: a new group waits this long for more members. */
  readonly initialRebalanceDelayMs: number;
  /** `group.max.size` */
  readonly membersMax: number;
  /** `offset.metadata.max.bytes`; counted in characters, as Kafka does. */
  readonly offsetMetadataCharactersMax: number;
  /** `offsets.retention.minutes` */
  readonly offsetsRetentionMs: number;
  /** All groups together. */
  readonly groupsMax: number;
  /** What all of them may hold in memory. */
  readonly groupsBytesMax: number;
}

/** Kafka's defaults, save that a group has a size that it can't pass. */
export const defaultGroupRules: GroupRules = {
  sessionTimeoutMsMin: groupSessionMsMinDefault,
  sessionTimeoutMsMax: groupSessionMsMaxDefault,
  initialRebalanceDelayMs: groupInitialRebalanceMsDefault,
  membersMax: groupMembersMaxDefault,
  offsetMetadataCharactersMax: offsetMetadataCharactersMaxDefault,
  offsetsRetentionMs: offsetsRetentionMsDefault,
  groupsMax,
  groupsBytesMax,
};
