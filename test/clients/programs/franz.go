// The jobs of support/jobs.ts with franz-go. Arguments: address, jobs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

type record struct {
	Key     *string           `json:"key"`
	Value   *string           `json:"value"`
	Headers map[string]string `json:"headers"`
}

type job struct {
	Do         string   `json:"do"`
	Topic      string   `json:"topic"`
	Group      string   `json:"group"`
	Codec      string   `json:"codec"`
	Idempotent bool     `json:"idempotent"`
	Records    []record `json:"records"`
	Count      int      `json:"count"`
	From       *int64   `json:"from"`
}

var within, stop = context.WithTimeout(context.Background(), 25*time.Second)

func must[T any](value T, fault error) T {
	check(fault)
	return value
}

func check(fault error) {
	if fault != nil {
		fmt.Fprintln(os.Stderr, fault)
		os.Exit(1)
	}
}

func client(options ...kgo.Opt) *kgo.Client {
	common := []kgo.Opt{
		kgo.SeedBrokers(os.Args[1]),
		kgo.AllowAutoTopicCreation(),
		kgo.FetchMaxWait(100 * time.Millisecond),
	}
	return must(kgo.NewClient(append(common, options...)...))
}

func bytesOf(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

func textOf(bytes []byte) *string {
	if bytes == nil {
		return nil
	}
	text := string(bytes)
	return &text
}

func produce(it job) any {
	codecs := map[string]kgo.CompressionCodec{
		"none":   kgo.NoCompression(),
		"gzip":   kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(),
		"lz4":    kgo.Lz4Compression(),
		"zstd":   kgo.ZstdCompression(),
	}
	options := []kgo.Opt{
		kgo.ProducerBatchCompression(codecs[it.Codec]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(20 * time.Millisecond),
	}
	if !it.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	producer := client(options...)
	defer producer.Close()
	var records []*kgo.Record
	for _, each := range it.Records {
		made := &kgo.Record{Topic: it.Topic, Key: bytesOf(each.Key), Value: bytesOf(each.Value)}
		for name, value := range each.Headers {
			header := kgo.RecordHeader{Key: name, Value: []byte(value)}
			made.Headers = append(made.Headers, header)
		}
		records = append(records, made)
	}
	check(producer.ProduceSync(within, records...).FirstErr())
	return len(records)
}

func poll(consumer *kgo.Client, count int) []*kgo.Record {
	var found []*kgo.Record
	for len(found) < count {
		fetched := consumer.PollRecords(within, count-len(found))
		check(fetched.Err0())
		fetched.EachError(func(_ string, _ int32, fault error) { check(fault) })
		found = append(found, fetched.Records()...)
	}
	return found
}

func readFrom(topic string, offset kgo.Offset, count int) any {
	partitions := map[string]map[int32]kgo.Offset{topic: {0: offset}}
	consumer := client(kgo.ConsumePartitions(partitions))
	defer consumer.Close()
	var found []record
	for _, each := range poll(consumer, count) {
		headers := map[string]string{}
		for _, header := range each.Headers {
			headers[header.Key] = string(header.Value)
		}
		found = append(found, record{textOf(each.Key), textOf(each.Value), headers})
	}
	return found
}

func read(it job) any {
	offset := kgo.NewOffset().AtStart()
	if it.From != nil {
		offset = kgo.NewOffset().AfterMilli(*it.From)
	}
	return readFrom(it.Topic, offset, it.Count)
}

func tail(it job) any {
	admin := kadm.NewClient(client())
	defer admin.Close()
	end, _ := must(admin.ListEndOffsets(within, it.Topic)).Lookup(it.Topic, 0)
	late := "late"
	produce(job{Topic: it.Topic, Codec: "none", Records: []record{{Value: &late}}})
	return readFrom(it.Topic, kgo.NewOffset().At(end.Offset), 1)
}

// member is one of a group; what it has comes through changed.
type member struct {
	client  *kgo.Client
	changed chan []int32
	has     []int32
}

func join(it job) *member {
	made := &member{changed: make(chan []int32, 100)}
	has := []int32{}
	assigned := func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
		has = append(has, partitions[it.Topic]...)
		made.changed <- slices.Clone(has)
	}
	lost := func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
		gone := func(each int32) bool { return slices.Contains(partitions[it.Topic], each) }
		has = slices.DeleteFunc(has, gone)
		made.changed <- slices.Clone(has)
	}
	made.client = client(
		kgo.ConsumerGroup(it.Group),
		kgo.ConsumeTopics(it.Topic),
		kgo.HeartbeatInterval(200*time.Millisecond),
		kgo.OnPartitionsAssigned(assigned),
		kgo.OnPartitionsRevoked(lost),
		kgo.OnPartitionsLost(lost),
	)
	return made
}

func until(members []*member, condition func() bool) {
	for !condition() {
		for _, each := range members {
			select {
			case each.has = <-each.changed:
			case <-time.After(10 * time.Millisecond):
				check(within.Err())
			}
		}
	}
}

func share(it job) any {
	first := join(it)
	defer first.client.Close()
	hasAll := func() bool { return len(first.has) == 4 }
	until([]*member{first}, hasAll)
	alone := [][]int32{first.has}
	second := join(it)
	both := []*member{first, second}
	until(both, func() bool { return len(first.has) == 2 && len(second.has) == 2 })
	together := [][]int32{first.has, second.has}
	second.client.Close()
	until([]*member{first}, hasAll)
	afterwards := [][]int32{first.has}
	return map[string]any{"alone": alone, "together": together, "afterwards": afterwards}
}

func take(it job) any {
	start := kgo.NewOffset().AtStart()
	consumer := client(
		kgo.ConsumerGroup(it.Group),
		kgo.ConsumeTopics(it.Topic),
		kgo.ConsumeResetOffset(start),
		kgo.DisableAutoCommit(),
	)
	defer consumer.Close()
	records := poll(consumer, it.Count)
	check(consumer.CommitRecords(within, records...))
	var values []*string
	for _, each := range records {
		values = append(values, textOf(each.Value))
	}
	return values
}

func partitionCount(admin *kadm.Client, topic string) int {
	return len(must(admin.ListTopics(within, topic))[topic].Partitions)
}

func retention(admin *kadm.Client, topic string) string {
	resource := must(must(admin.DescribeTopicConfigs(within, topic)).On(topic, nil))
	for _, each := range resource.Configs {
		if each.Key == "retention.ms" {
			return each.MaybeValue()
		}
	}
	return ""
}

func isListed(admin *kadm.Client, group string) bool {
	return slices.Contains(must(admin.ListGroups(within)).Groups(), group)
}

func administer(it job) any {
	admin := kadm.NewClient(client())
	defer admin.Close()
	retentionMs := "100000"
	configs := map[string]*string{"retention.ms": &retentionMs}
	must(admin.CreateTopic(within, 2, 1, configs, it.Topic))
	partitions := []int{partitionCount(admin, it.Topic)}
	configured := []string{retention(admin, it.Topic)}
	longer := "200000"
	altered := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &longer}}
	answered := must(admin.AlterTopicConfigs(within, altered, it.Topic))
	check(answered[0].Err)
	configured = append(configured, retention(admin, it.Topic))
	check(must(admin.UpdatePartitions(within, 4, it.Topic)).Error())
	partitions = append(partitions, partitionCount(admin, it.Topic))
	value := "value"
	one := record{Value: &value}
	produce(job{Topic: it.Topic, Codec: "none", Records: []record{one, one, one}})
	before := kadm.Offsets{}
	before.AddOffset(it.Topic, 0, 2, -1)
	deleted, _ := must(admin.DeleteRecords(within, before)).Lookup(it.Topic, 0)
	start, _ := must(admin.ListStartOffsets(within, it.Topic)).Lookup(it.Topic, 0)
	end, _ := must(admin.ListEndOffsets(within, it.Topic)).Lookup(it.Topic, 0)
	joined := join(it)
	until([]*member{joined}, func() bool { return len(joined.has) == 4 })
	described := must(admin.DescribeGroups(within, it.Group))[it.Group]
	listed := isListed(admin, it.Group)
	joined.client.Close()
	must(admin.DeleteGroup(within, it.Group))
	isGroupGone := !isListed(admin, it.Group)
	refused := "created"
	var named *kerr.Error
	if _, fault := admin.CreateTopic(within, 2, 1, nil, it.Topic); errors.As(fault, &named) {
		refused = named.Message
	}
	must(admin.DeleteTopic(within, it.Topic))
	return map[string]any{
		"partitions":   partitions,
		"configured":   configured,
		"lowWatermark": deleted.LowWatermark,
		"offsets":      []int64{start.Offset, end.Offset},
		"group":        []any{described.State, len(described.Members)},
		"isListed":     listed,
		"isGroupGone":  isGroupGone,
		"isTopicGone":  !must(admin.ListTopics(within)).Has(it.Topic),
		"refused":      refused,
	}
}

func main() {
	defer stop()
	jobs := map[string]func(job) any{
		"produce": produce, "read": read, "tail": tail, "share": share, "take": take,
		"admin": administer,
	}
	var given []job
	check(json.Unmarshal([]byte(os.Args[2]), &given))
	for _, each := range given {
		fmt.Println(string(must(json.Marshal(jobs[each.Do](each)))))
	}
}
