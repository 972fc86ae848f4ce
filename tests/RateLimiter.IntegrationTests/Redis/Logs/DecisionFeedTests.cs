using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Logs;
using static RateLimiter.IntegrationTests.Redis.Connection.LogLines;

namespace RateLimiter.IntegrationTests.Redis.Logs;

public sealed class DecisionFeedTests(StoreKind kind) : StoreTests(kind)
{
    private RedisDecisionLog log = null!;
    private RedisDecisionFeed feed = null!;

    [SetUp]
    public async Task StartAsync()
    {
        log = New(Store.Connection);
        feed = new RedisDecisionFeed(Store.Connection, log);
        await log.StartAsync(CancellationToken.None);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await log.StopAsync(CancellationToken.None);
        log.Dispose();
    }

    [Test]
    public async Task Read_NoLog_StandsAtNothing()
    {
        var part = await ReadAsync(await Store.RegisterAsync(), 0);

        Assert.That((part.Start, part.End, part.Length), Is.EqualTo((0, 0, 0)));
        Assert.That(part.Entries, Is.Empty);
    }

    [Test]
    public async Task Read_NewLog_BeginsWithTheTime()
    {
        var client = await Store.RegisterAsync();
        var before = Microseconds();

        await AppendAsync(client, 0, 3);

        var part = await ReadAsync(client, 0);
        Assert.That(part.Start, Is.InRange(before, Microseconds() + 1000));
        Assert.That(part.Cut, Is.EqualTo(part.Start));
        Assert.That(Numbers(part), Is.EqualTo([0, 1, 2]));
    }

    [Test]
    public async Task Read_AfterAnId_GivesWhatCameAfterIt()
    {
        var client = await Store.RegisterAsync();
        await AppendAsync(client, 0, 5);
        var start = (await ReadAsync(client, null)).Start;

        Assert.That(Numbers(await ReadAsync(client, start + 3)), Is.EqualTo([3, 4]));
        Assert.That(Numbers(await ReadAsync(client, start + 5)), Is.Empty);
        Assert.That(Numbers(await ReadAsync(client, start + 99)), Is.Empty);
        Assert.That(Numbers(await ReadAsync(client, start - 1)), Is.EqualTo([0, 1, 2, 3, 4]));
        Assert.That((await ReadAsync(client, null)).Entries, Is.Empty);
    }

    [Test]
    public async Task Read_LogWasCut_EachKeepsItsId()
    {
        var client = await Store.RegisterAsync();
        var start = 0L;
        // 4700 in unequal portions, of which the last 1000 to 1100 stay.
        var next = 0;
        foreach (var count in new[] { 1, 999, 100, 1, 500, 1000, 1099, 1000 })
        {
            await AppendAsync(client, next, count);
            next += count;
            var part = await ReadAsync(client, 0);
            start = part.Start;

            Assert.That(part.End, Is.EqualTo(start + next));
            Assert.That(part.Length, Is.LessThanOrEqualTo(1100));
            // The number of each is its position.
            Assert.That(
                Numbers(part),
                Is.EqualTo(Enumerable.Range((int)(part.Cut - start), part.Length))
            );
        }

        Assert.That(
            Numbers(await ReadAsync(client, start + next - 2)),
            Is.EqualTo([next - 2, next - 1])
        );
    }

    [Test]
    public async Task Read_MoreWereMadeThanALogKeeps_CountsThoseNeverWritten()
    {
        var client = await Store.RegisterAsync();
        await AppendAsync(client, 0, 10);
        var start = (await ReadAsync(client, null)).Start;

        await AppendAsync(client, 10, 3500);

        var part = await ReadAsync(client, start + 10);
        Assert.That(part.End, Is.EqualTo(start + 3510));
        Assert.That(
            Numbers(part),
            Is.EqualTo(Enumerable.Range((int)(part.Cut - start), part.Length))
        );
    }

    [Test]
    public async Task Read_NewLogWithMoreThanItKeeps_CountsThoseNeverWritten()
    {
        var client = await Store.RegisterAsync();

        await AppendAsync(client, 0, 2500);

        var part = await ReadAsync(client, 0);
        Assert.That(part.Cut - part.Start, Is.EqualTo(1500));
        Assert.That(Numbers(part), Is.EqualTo(Enumerable.Range(1500, 1000)));
    }

    [Test]
    public async Task Read_LogExpired_NewOneHasHigherIds()
    {
        var client = await Store.RegisterAsync();
        await AppendAsync(client, 0, 1500);
        var old = await ReadAsync(client, null);
        var database = (await Store.Connection.Connected).GetDatabase();
        await database.KeyDeleteAsync(RedisKeys.Log(client));
        Assert.That((await ReadAsync(client, 0)).Length, Is.Zero);

        await AppendAsync(client, 0, 2);

        var part = await ReadAsync(client, old.End);
        Assert.That(part.Start, Is.GreaterThan(old.End));
        Assert.That(part.Cut, Is.EqualTo(part.Start));
        Assert.That(Numbers(part), Is.EqualTo([0, 1]));
    }

    [Test]
    public async Task Read_LongestEntries_AreAllGiven()
    {
        var client = await Store.RegisterAsync();
        // In JSON, each of these characters takes six or twelve bytes.
        var user = string.Concat(Enumerable.Repeat("\U0001F600", 128));
        for (var i = 0; i < 1000; i++)
        {
            log.Record(client, Logged(user, i));
        }

        await feed.FlushAsync(client, CancellationToken.None);

        Assert.That(Numbers(await ReadAsync(client, 0)), Is.EqualTo(Enumerable.Range(0, 1000)));
    }

    [Test]
    public async Task Read_Changes_HaveIdsOfTheirOwn()
    {
        var client = await Store.RegisterAsync();
        await AppendAsync(client, 0, 5);
        for (var i = 0; i < 1500; i++)
        {
            log.Record(client, Logged("u", i) with { Kind = LogEntryKind.Refund });
        }

        await AppendAsync(client, 5, 1);

        var changes = await feed.ReadAsync(client, ClientLog.Changes, 0, default);
        Assert.That(changes.End - changes.Start, Is.EqualTo(1500));
        Assert.That(Numbers(changes), Is.EqualTo(Enumerable.Range(500, 1000)));
        Assert.That(
            changes.Entries.Select(entry => entry!.Value.Kind),
            Is.All.EqualTo(LogEntryKind.Refund)
        );
        var decisions = await ReadAsync(client, 0);
        Assert.That(decisions.Cut, Is.EqualTo(decisions.Start));
        Assert.That(Numbers(decisions), Is.EqualTo([0, 1, 2, 3, 4, 5]));
    }

    [Test]
    public async Task Read_EntryThatThisVersionCannotRead_KeepsTheIdsOfTheOthers()
    {
        var client = await Store.RegisterAsync();
        await AppendAsync(client, 0, 1);
        var database = (await Store.Connection.Connected).GetDatabase();
        await database.ListRightPushAsync(RedisKeys.Log(client), "\u0002later");
        await AppendAsync(client, 2, 1);

        var part = await ReadAsync(client, 0);

        Assert.That(part.End - part.Start, Is.EqualTo(3));
        Assert.That(
            part.Entries.Select(entry => entry?.Remaining),
            Is.EqualTo(new long?[] { 0, null, 2 })
        );
    }

    [Test]
    public async Task Record_ClientIsDeleted_LeavesNothingBehind()
    {
        var client = ClientId.New();

        await AppendAsync(client, 0, 3);

        var database = (await Store.Connection.Connected).GetDatabase();
        Assert.That(await database.KeyExistsAsync(RedisKeys.Client(client)), Is.False);
        Assert.That(await database.KeyExistsAsync(RedisKeys.Log(client)), Is.False);
    }

    [Test]
    public async Task Record_ClientIsLostWhileItsLogIsThere_DoesNotMakeItAnew()
    {
        var client = await Store.RegisterAsync();
        await AppendAsync(client, 0, 1000);
        var database = (await Store.Connection.Connected).GetDatabase();
        await database.KeyDeleteAsync(RedisKeys.Client(client));

        await AppendAsync(client, 1000, 200);

        Assert.That(await database.KeyExistsAsync(RedisKeys.Client(client)), Is.False);
        Assert.That((await ReadAsync(client, null)).Length, Is.EqualTo(1000));
    }

    [Test]
    public async Task Written_AfterRecord_TellsOfTheClientOnceItCanBeRead()
    {
        var client = await Store.RegisterAsync();
        var notified = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        feed.Written += it =>
        {
            if (it == client)
            {
                notified.TrySetResult();
            }
        };

        log.Record(client, Logged("u", 0));

        await notified.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(Numbers(await ReadAsync(client, 0)), Is.EqualTo([0]));
    }

    [Test]
    public async Task Read_OthersWriteMeanwhile_GivesEachOnceAndInOrder()
    {
        // Like another instance; the embedded store has only one instance, with two writers.
        using var other = New(await Store.ConnectAgainAsync());
        await other.StartAsync(CancellationToken.None);
        var client = await Store.RegisterAsync();
        const int count = 3000;
        var writing = Task.WhenAll(WriteAsync(log, "a"), WriteAsync(other, "b"));

        var read = new List<(long Id, LogEntry Decision)>();
        long? after = 0;
        LogSegment part;
        do
        {
            part = await ReadAsync(client, after);
            var id = part.End - part.Entries.Count;
            read.AddRange(part.Entries.Select(entry => (++id, entry!.Value)));
            after = part.End == 0 ? 0 : part.End;
        } while (!writing.IsCompleted || part.Entries.Count > 0);

        await writing;
        await other.StopAsync(CancellationToken.None);
        Assert.That(
            read.Select(it => it.Id - read[0].Id),
            Is.EqualTo(Enumerable.Range(0, 2 * count).Select(i => (long)i)),
            "Ids are missing or there twice."
        );
        foreach (var user in new[] { "a", "b" })
        {
            Assert.That(
                read.Where(it => it.Decision.UserId == user)
                    .Select(it => (int)it.Decision.Remaining),
                Is.EqualTo(Enumerable.Range(0, count))
            );
        }

        // So few at a time that the reader does not fall behind what is kept.
        async Task WriteAsync(RedisDecisionLog writer, string user)
        {
            for (var i = 0; i < count; i++)
            {
                writer.Record(client, Logged(user, i));
                if (i % 20 == 19)
                {
                    await writer.FlushAsync(CancellationToken.None);
                }
            }

            await writer.FlushAsync(CancellationToken.None);
        }
    }

    private static long Microseconds() =>
        TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1000;

    private static IEnumerable<int> Numbers(LogSegment part) =>
        part.Entries.Select(entry => (int)entry!.Value.Remaining);

    private static RedisDecisionLog New(RedisConnection connection) =>
        new(
            connection,
            Options.Create(new LogOptions()),
            TimeProvider.System,
            NullLogger<RedisDecisionLog>.Instance
        );

    private Task<LogSegment> ReadAsync(ClientId client, long? after) =>
        feed.ReadAsync(client, ClientLog.Decisions, after, CancellationToken.None);

    /// <summary>Records numbered decisions, and waits until they are written.</summary>
    private async Task AppendAsync(ClientId client, int first, int count)
    {
        for (var i = 0; i < count; i++)
        {
            log.Record(client, Logged("u", first + i));
        }

        await feed.FlushAsync(client, CancellationToken.None);
    }
}
