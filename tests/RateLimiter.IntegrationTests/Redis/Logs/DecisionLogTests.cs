using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Logs;
using static RateLimiter.IntegrationTests.Redis.Connection.LogLines;

namespace RateLimiter.IntegrationTests.Redis.Logs;

public sealed class DecisionLogTests(StoreKind kind) : StoreTests(kind)
{
    [Test]
    public async Task Read_ManyClientsAtOnce_GivesEachItsNewestInTheirOrder()
    {
        using var log = await StartAsync();
        var counts = new[] { 1, 1500, 400, 1000, 3, 700 };
        var clients = new List<ClientId>();
        foreach (var _ in counts)
        {
            clients.Add(await Store.RegisterAsync());
        }

        for (var i = 0; i < counts.Max(); i++)
        {
            for (var client = 0; client < clients.Count; client++)
            {
                if (i < counts[client])
                {
                    log.Record(clients[client], Logged($"{client}", i));
                }
            }
        }

        for (var client = 0; client < clients.Count; client++)
        {
            var read = await log.ReadAsync(
                    clients[client],
                    ClientLog.Decisions,
                    CancellationToken.None
                )
                .ToListAsync();
            var newest = Enumerable
                .Range(0, counts[client])
                .Reverse()
                .Take(new LogOptions().MaxEntries)
                .Select(i => Logged($"{client}", i));
            Assert.That(read, Is.EqualTo(newest));
        }

        await log.StopAsync(CancellationToken.None);
    }

    [Test]
    public async Task Read_LineFromBeforeTheCapacityWasLogged_IsReadWithoutIt()
    {
        const string line = """
            {"decided_at":"2026-11-28T20:48:13.0138944+00:00","user_id":"alice","route_key":"search","role":"default",
             "matched_role":"default","allowed":true,"cost":1,"remaining":19,"limit":10}
            """;
        using var log = await StartAsync();
        var client = await Store.RegisterAsync();
        var database = (await Store.Connection.Connected).GetDatabase();
        await database.ListRightPushAsync(RedisKeys.Log(client), line);
        log.Record(client, Logged("bob"));

        var read = await log.ReadAsync(client, ClientLog.Decisions, CancellationToken.None)
            .ToListAsync();
        var feed = await new RedisDecisionFeed(Store.Connection, log).ReadAsync(
            client,
            ClientLog.Decisions,
            0,
            CancellationToken.None
        );

        Assert.That(
            read.Select(it => (it.UserId, it.Remaining, it.Limit, it.Capacity)),
            Is.EqualTo(
                new (string, long, long, long?)[] { ("bob", 1, 10, 10), ("alice", 19, 10, null) }
            )
        );
        Assert.That(feed.Entries, Is.EqualTo(Enumerable.Reverse(read)));
        await log.StopAsync(CancellationToken.None);
    }

    [Test]
    public async Task Read_EntriesOfAllVersions_GivesThoseThatThisOneKnows()
    {
        using var log = await StartAsync();
        var client = await Store.RegisterAsync();
        var database = (await Store.Connection.Connected).GetDatabase();
        var key = RedisKeys.Log(client);
        await database.ListRightPushAsync(
            key,
            """{"decided_at":"2026-11-28T20:48:13+00:00","user_id":"old","route_key":"r","role":"d","matched_role":"d"}"""
        );
        log.Record(client, Logged("now"));
        await log.FlushAsync(default);
        await database.ListRightPushAsync(
            key,
            """{"decided_at":"2027-11-28T20:48:13Z","user_id":"later","route_key":"r","role":"d","matched_role":"d","new":[{}]}"""
        );
        await database.ListRightPushAsync(
            key,
            """{"decided_at":"2027-11-28T20:48:13Z","user_id":"x","route_key":"r","role":"d","matched_role":"d","kind":"new"}"""
        );
        await database.ListRightPushAsync(key, new byte[] { 2, 0, 255 });
        log.Record(client, Logged("last"));

        Assert.That(
            (await log.ReadAsync(client, ClientLog.Decisions, default).ToListAsync()).Select(it =>
                it.UserId
            ),
            Is.EqualTo(["last", "later", "now", "old"])
        );
        await log.StopAsync(default);
    }

    [Test]
    public async Task Record_ManyChanges_PushOutNoDecision()
    {
        using var log = await StartAsync();
        var client = await Store.RegisterAsync();
        log.Record(client, Logged("alice"));

        for (var i = 0; i < 2500; i++)
        {
            log.Record(client, Logged("bob", i) with { Kind = LogEntryKind.Reset });
        }

        var decisions = await log.ReadAsync(client, ClientLog.Decisions, default).ToListAsync();
        var changes = await log.ReadAsync(client, ClientLog.Changes, default).ToListAsync();
        Assert.That(decisions, Is.EqualTo([Logged("alice")]));
        Assert.That(
            changes.Select(it => it.Remaining),
            Is.EqualTo(Enumerable.Range(1500, 1000).Reverse().Select(i => (long)i))
        );
        await log.StopAsync(default);
    }

    [Test]
    public async Task Record_MoreThanCanWait_CountsWhatItDrops()
    {
        using var log = New();
        var recorded = 0;
        while (log.Dropped < 7)
        {
            log.Record(ClientId.New(), Logged("alice"));
            recorded++;
        }

        Assert.That(log.Waiting, Is.EqualTo(recorded - 7));
        await log.StartAsync(CancellationToken.None);
        await log.FlushAsync(CancellationToken.None);
        await log.StopAsync(CancellationToken.None);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(log.Dropped, Is.EqualTo(7));
            Assert.That(log.Waiting, Is.Zero);
        }
    }

    [Test]
    public async Task Stop_DecisionsWait_AreWritten()
    {
        using var log = await StartAsync();
        using var other = await StartAsync();
        var client = await Store.RegisterAsync();

        log.Record(client, Logged("alice", 1));
        await log.StopAsync(CancellationToken.None);

        Assert.That(
            await other
                .ReadAsync(client, ClientLog.Decisions, CancellationToken.None)
                .ToListAsync(),
            Is.EqualTo(new[] { Logged("alice", 1) })
        );
        await other.StopAsync(CancellationToken.None);
    }

    [Test]
    public async Task Write_WhoIsToldFails_TellsWhoWaitsAndWritesWhatComesNext()
    {
        static void Fail(ClientId client) => throw new InvalidOperationException();
        using var log = await StartAsync();
        var client = await Store.RegisterAsync();
        log.Written += Fail;
        log.Record(client, Logged("alice", 1));

        Assert.That(() => log.FlushAsync(default), Throws.InvalidOperationException);

        log.Written -= Fail;
        log.Record(client, Logged("alice", 2));
        Assert.That(
            (await log.ReadAsync(client, ClientLog.Decisions, default).ToListAsync())[0],
            Is.EqualTo(Logged("alice", 2))
        );
        Assert.That(log.Dropped, Is.EqualTo(1));
        await log.StopAsync(default);
    }

    [Test]
    public async Task Record_LogThatIsThere_PutsItsEndOffOnceAnHour()
    {
        var time = new FakeTimeProvider();
        using var log = await StartAsync(time);
        var client = await Store.RegisterAsync();
        var database = (await Store.Connection.Connected).GetDatabase();
        await WriteAsync();
        Assert.That(await TimeToLiveAsync(), Is.GreaterThan(TimeSpan.FromDays(29)));

        await database.KeyExpireAsync(RedisKeys.Log(client), TimeSpan.FromMinutes(1));
        await WriteAsync();
        Assert.That(await TimeToLiveAsync(), Is.LessThanOrEqualTo(TimeSpan.FromMinutes(1)));

        time.Advance(TimeSpan.FromHours(1));
        await WriteAsync();
        Assert.That(await TimeToLiveAsync(), Is.GreaterThan(TimeSpan.FromDays(29)));

        await database.KeyDeleteAsync(RedisKeys.Log(client));
        await WriteAsync();
        Assert.That(await TimeToLiveAsync(), Is.GreaterThan(TimeSpan.FromDays(29)));
        await log.StopAsync(CancellationToken.None);

        async Task WriteAsync()
        {
            log.Record(client, Logged("alice", 1));
            await log.ReadAsync(client, ClientLog.Decisions, CancellationToken.None).ToListAsync();
        }

        Task<TimeSpan?> TimeToLiveAsync() => database.KeyTimeToLiveAsync(RedisKeys.Log(client));
    }

    [Test]
    public async Task Read_LogOfManyEntries_GivesTheNewestInBothOrders()
    {
        using var log = await StartAsync(maxEntries: 12_000);
        var client = await Store.RegisterAsync();
        for (var i = 0; i < 30_000; i++)
        {
            log.Record(client, Logged("alice", i));
            if (i % 7000 == 0)
            {
                await log.FlushAsync(default);
            }
        }

        var newest = await log.ReadAsync(client, ClientLog.Decisions, default).ToListAsync();
        var all = await log.ReadAllAsync(client, ClientLog.Decisions, default);

        var kept = Enumerable.Range(18_000, 12_000).Select(i => Logged("alice", i)).ToList();
        Assert.That(all.Entries, Is.EqualTo(kept));
        Assert.That(newest, Is.EqualTo(Enumerable.Reverse(kept)));
        Assert.That(all.Since, Is.EqualTo(kept[0].DecidedAt));
        await log.StopAsync(default);
    }

    [Test]
    public async Task ReadAll_NothingWasDropped_IsKeptSinceTheClientWasCreated()
    {
        using var log = await StartAsync();
        var client = await Store.RegisterAsync();

        var empty = await log.ReadAllAsync(client, ClientLog.Decisions, default);
        log.Record(client, Logged("alice"));
        var one = await log.ReadAllAsync(client, ClientLog.Decisions, default);

        Assert.That(empty.Entries, Is.Empty);
        Assert.That(one.Entries, Is.EqualTo([Logged("alice")]));
        Assert.That(one.Since, Is.EqualTo(empty.Since));
        await log.StopAsync(default);
    }

    private RedisDecisionLog New(TimeProvider? time = null, int maxEntries = 1000) =>
        new(
            Store.Connection,
            Options.Create(new LogOptions { MaxEntries = maxEntries }),
            time ?? TimeProvider.System,
            NullLogger<RedisDecisionLog>.Instance
        );

    private async Task<RedisDecisionLog> StartAsync(
        TimeProvider? time = null,
        int maxEntries = 1000
    )
    {
        var log = New(time, maxEntries);
        await log.StartAsync(CancellationToken.None);
        return log;
    }
}
