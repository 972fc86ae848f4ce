using Microsoft.Extensions.Logging.Abstractions;
using RateLimiter.Application.Clients;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Postgres.Projection;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.IntegrationTests.Redis;
using RateLimiter.IntegrationTests.Redis.Policies;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Postgres;

public sealed class CopyTests : PostgresTests
{
    private PostgresServer server = null!;
    private PostgresRecords records = null!;
    private PostgresRecords dying = null!;
    private RedisConnection away = null!;

    [OneTimeSetUp]
    public async Task OpenAsync()
    {
        server = await PostgresServer.GetSharedAsync();
        records = await PostgresRecords.CreateAsync(server, Redis);
        away = TestStore.NotConnected();
        dying = PostgresRecords.Open(records.Options.ConnectionString!, away);
    }

    [OneTimeTearDown]
    public async Task CloseAsync()
    {
        records?.Dispose();
        dying?.Dispose();
        if (away is not null)
        {
            await away.DisposeAsync();
        }
    }

    [Test]
    public async Task Change_Copied_LeavesNoAnnouncement()
    {
        var client = await RegisterAsync(records.Ports);
        await SaveAsync(records.Ports, client, "route");

        await Poll.UntilAsync(
            "An announcement stays.",
            TimeSpan.FromSeconds(20),
            async () => await AnnouncementsAsync(client) == "0"
        );
        Assert.That(await Copies.FindVersionAsync(client, default), Is.EqualTo(2));
    }

    [Test]
    public async Task Relay_InstanceDiedBetweenCommitAndCopy_CopiesAndAnnounces()
    {
        var client = await RegisterAsync(records.Ports);
        var saved = await SaveAsync(dying.Ports, client, "route");
        Assert.That(await Copies.FindVersionAsync(client, default), Is.EqualTo(1));
        Assert.That(await AnnouncementsAsync(client), Is.Not.EqualTo("0"));
        var received = new TaskCompletionSource();
        var subscriber = (await Redis.Connected).GetSubscriber();
        var channel = StackExchange.Redis.RedisChannel.Literal(RedisKeys.InvalidationChannel);
        await subscriber.SubscribeAsync(
            channel,
            (_, message) =>
            {
                if (message == $"client {client}")
                {
                    received.TrySetResult();
                }
            }
        );

        await records.Relay.RelayAsync(default);

        await received.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await subscriber.UnsubscribeAsync(channel);
        var copy = (await Copies.FindAsync(client, default))!;
        Assert.That(copy.Version, Is.EqualTo(2));
        Assert.That(copy.Policies.Resolve("route", "default")!.Version, Is.EqualTo(saved.Version));
        Assert.That(await AnnouncementsAsync(client), Is.EqualTo("0"));
    }

    [Test]
    public async Task Relay_ManyInstancesAtOnce_EachChangeIsCopied()
    {
        var clients = new List<ClientId>();
        for (var i = 0; i < 150; i++)
        {
            clients.Add(await RegisterAsync(dying.Ports));
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => records.Relay.RelayAsync(default)));
        await records.Relay.RelayAsync(default);

        foreach (var client in clients)
        {
            Assert.That(await Copies.FindVersionAsync(client, default), Is.EqualTo(1));
            Assert.That(await AnnouncementsAsync(client), Is.EqualTo("0"));
        }
    }

    [Test]
    public async Task Relay_StoreUnavailable_KeepsTheAnnouncement()
    {
        var client = await RegisterAsync(dying.Ports);

        await dying.Relay.RelayAsync(default);

        Assert.That(await AnnouncementsAsync(client), Is.EqualTo("1"));
        await records.Relay.RelayAsync(default);
    }

    [Test]
    public async Task Copy_OlderThanWhatIsThere_ChangesNothing()
    {
        var client = await RegisterAsync(records.Ports);
        var old = (await records.Copies.FindRecordAsync(client, default))!;
        await SaveAsync(records.Ports, client, "route");

        await records.Copies.ProjectAsync(old, default);

        var copy = (await Copies.FindAsync(client, default))!;
        Assert.That(copy.Version, Is.EqualTo(2));
        Assert.That(copy.Policies.Resolve("route", "default"), Is.Not.Null);
    }

    [Test]
    public async Task Copy_OfAllOfAClient_KeepsWhereItsLogsStand()
    {
        var client = await RegisterAsync(records.Ports);
        var database = (await Redis.Connected).GetDatabase();
        var key = RedisKeys.Client(client);
        await database.HashSetAsync(
            key,
            [new("log_start", 7), new("log_cut", 9), new("changes_cut", 8)]
        );
        await SaveAsync(dying.Ports, client, "route");

        await records.Copies.CompleteAsync(client, default);

        Assert.That(await Copies.FindVersionAsync(client, default), Is.EqualTo(2));
        Assert.That(
            await database.HashGetAsync(
                key,
                ["log_start", "log_cut", "changes_start", "changes_cut"]
            ),
            Is.EqualTo(
                new StackExchange.Redis.RedisValue[]
                {
                    7,
                    9,
                    StackExchange.Redis.RedisValue.Null,
                    8,
                }
            )
        );
    }

    [Test]
    public async Task Change_CopyLacksTheOneBefore_GetsBoth()
    {
        var client = await RegisterAsync(records.Ports);
        await SaveAsync(dying.Ports, client, "first");

        await SaveAsync(records.Ports, client, "second");

        var copy = (await Copies.FindAsync(client, default))!;
        Assert.That(copy.Version, Is.EqualTo(3));
        Assert.That(copy.Policies.Resolve("first", "default"), Is.Not.Null);
        Assert.That(copy.Policies.Resolve("second", "default"), Is.Not.Null);
    }

    [Test]
    public async Task Change_InWhateverOrderItIsCopied_CopyIsTheRecord()
    {
        var client = await RegisterAsync(records.Ports);
        var random = new Random(4711);
        for (var i = 0; i < 60; i++)
        {
            var ports = random.Next(3) == 0 ? dying.Ports : records.Ports;
            var key = PolicyKey.Create($"{random.Next(4)}", null);
            var head = await ports.Policies.FindAsync(client, key, default);
            if (head.Policy is not null && random.Next(3) == 0)
            {
                await TryAsync(ports, client, head.Delete());
            }
            else if (random.Next(4) == 0)
            {
                await AddKeyAsync(ports.Keys, client);
            }
            else
            {
                await SaveAsync(ports, client, key.RouteKey, $"{i}");
            }
        }

        await records.Relay.RelayAsync(default);

        var record = (await records.Copies.FindRecordAsync(client, default))!.ToSnapshot();
        var copy = (await Copies.FindAsync(client, default))!;
        Assert.That(copy.Version, Is.EqualTo(record.Version));
        Assert.That(copy.Keys.Keys, Is.EquivalentTo(record.Keys.Keys));
        var set = await records.Ports.Policies.ListAsync(client, default);
        Assert.That(
            (await Redis.Policies().ListAsync(client, default)).Policies.Select(policy =>
                (policy.Key, policy.Version)
            ),
            Is.EquivalentTo(set.Policies.Select(policy => (policy.Key, policy.Version)))
        );
    }

    [Test]
    public async Task Copy_OfAClientThatWasDeletedMeanwhile_DoesNotBringItBack()
    {
        var client = await RegisterAsync(records.Ports);
        var slow = (await records.Copies.FindRecordAsync(client, default))!;
        await DeleteAsync(client);

        await records.Copies.ProjectAsync(slow, default);

        Assert.That(await Copies.FindAsync(client, default), Is.Null);
        Assert.That(await records.Ports.Clients.FindAsync(client, default), Is.Null);
        Assert.That(
            await (await Redis.Connected)
                .GetDatabase()
                .KeyTimeToLiveAsync(RedisKeys.DeletedClient(client)),
            Is.Not.Null
        );
    }

    [Test]
    public async Task Delete_InstanceDiedBeforeTheCopyWas_IsCompletedByTheRelay()
    {
        var client = await RegisterAsync(records.Ports);

        Assert.ThrowsAsync<RateLimiter.Application.Stores.StoreUnavailableException>(() =>
            dying.Ports.Deletions.DeleteClientAsync(Deletion(client), default)
        );
        Assert.That(await Copies.FindVersionAsync(client, default), Is.EqualTo(1));
        await records.Relay.RelayAsync(default);

        Assert.That(await Copies.FindVersionAsync(client, default), Is.Null);
        var trail = await records.Ports.Audit.ListAsync(client, new(), null, 10, default);
        Assert.That(
            trail.Select(entry => entry.Record.Action),
            Is.EqualTo(new[] { AuditAction.ClientDeleted, AuditAction.ClientRegistered })
        );
    }

    [Test]
    public async Task Delete_Again_IsNotedOnce()
    {
        var client = await RegisterAsync(records.Ports);
        await SaveAsync(records.Ports, client, "route");

        var first = await records.Ports.Deletions.DeleteClientAsync(Deletion(client), default);
        var second = await records.Ports.Deletions.DeleteClientAsync(Deletion(client), default);

        Assert.That((first.Policies, first.Keys), Is.EqualTo((1, 1)));
        Assert.That(second, Is.EqualTo(DeletionSummary.None));
        var trail = await records.Ports.Audit.ListAsync(client, new(), null, 10, default);
        Assert.That(
            trail.Count(entry => entry.Record.Action == AuditAction.ClientDeleted),
            Is.EqualTo(1)
        );
        Assert.That(trail[0].Record.Actor, Is.EqualTo(Actor));
    }

    [Test]
    public async Task Find_StoreHasForgottenIt_FillsTheCopy([Values] bool byVersion)
    {
        var client = await RegisterAsync(records.Ports);
        await SaveAsync(records.Ports, client, "route");
        var store = (await Redis.Connected).GetDatabase();
        await store.KeyDeleteAsync([
            RedisKeys.Client(client),
            RedisKeys.ApiKeys(client),
            RedisKeys.Policies(client),
        ]);

        var version = byVersion
            ? await records.Ports.Clients.FindVersionAsync(client, default)
            : (await records.Ports.Clients.FindAsync(client, default))?.Version;

        Assert.That(version, Is.EqualTo(2));
        var copy = (await Copies.FindAsync(client, default))!;
        Assert.That(copy.Version, Is.EqualTo(2));
        Assert.That(copy.Policies.Resolve("route", "default"), Is.Not.Null);
    }

    [Test]
    public async Task Find_CopyIsOlderThanWhatIsKnown_IsWhatIsRecorded()
    {
        var client = await RegisterAsync(records.Ports);
        await SaveAsync(dying.Ports, client, "route");
        Assert.That(await Copies.FindVersionAsync(client, default), Is.EqualTo(1));

        var unknown = await records.Ports.Clients.FindAsync(
            client,
            known: 1,
            loaded: null,
            default
        );
        var found = await records.Ports.Clients.FindAsync(client, known: 2, loaded: null, default);

        Assert.That(unknown!.Version, Is.EqualTo(1), "Nobody has asked the record.");
        Assert.That(found!.Version, Is.EqualTo(2));
        Assert.That(found.Policies.Resolve("route", "default"), Is.Not.Null);
        Assert.That(await Copies.FindVersionAsync(client, default), Is.EqualTo(2));
    }

    [Test]
    public async Task Copy_OfAClientWithoutAKeyThatItHad_TellsOfTheRevocation()
    {
        var client = await RegisterAsync(records.Ports);
        var (version, ring) = (await records.Ports.Keys.FindAsync(client, default))!.Value;
        var received = new TaskCompletionSource<string>();
        var channel = StackExchange.Redis.RedisChannel.Literal(RedisKeys.InvalidationChannel);
        var subscriber = (await Redis.Connected).GetSubscriber();
        await subscriber.SubscribeAsync(
            channel,
            (_, message) =>
            {
                if ($"{message}".StartsWith($"revoked {client} ", StringComparison.Ordinal))
                {
                    received.TrySetResult($"{message}");
                }
            }
        );
        var gone = ring.Keys.Single();
        var audit = new AuditRecord(AuditAction.KeyDeleted, Now, Actor, AuditedKey.Of(gone), null);
        await dying.Ports.Keys.IsSavedAsync(client, version, ring, new KeyRing([]), audit, default);

        await records.Copies.CompleteAsync(client, default);

        Assert.That(
            await received.Task.WaitAsync(TimeSpan.FromSeconds(20)),
            Is.EqualTo($"revoked {client} {gone.Hash}")
        );
    }

    [Test]
    public async Task Compare_StoreHasLostTheLastChange_CopiesIt()
    {
        var client = await RegisterAsync(records.Ports);
        var before = (await records.Copies.FindRecordAsync(client, default))!;
        await SaveAsync(records.Ports, client, "route");
        await (await Redis.Connected).GetDatabase().KeyDeleteAsync(RedisKeys.Client(client));
        await records.Copies.ProjectAsync(before, default);
        Assert.That(await Copies.FindVersionAsync(client, default), Is.EqualTo(1));
        using var invalidations = new RedisInvalidationChannel(
            Redis,
            TimeProvider.System,
            NullLogger<RedisInvalidationChannel>.Instance
        );
        using var comparison = new ProjectionReconciler(
            records.Database,
            records.Copies,
            invalidations,
            TimeProvider.System,
            NullLogger<ProjectionReconciler>.Instance
        );

        await comparison.CompareAsync(default);

        Assert.That(await Copies.FindVersionAsync(client, default), Is.EqualTo(2));
    }

    private static async Task AddKeyAsync(Application.Keys.IKeyRepository keys, ClientId client)
    {
        var (version, ring) = (await keys.FindAsync(client, default))!.Value;
        var key = ClientKey.Create(ApiKey.Generate(client).Key, "key", Scopes.Check, Now);
        var audit = new AuditRecord(AuditAction.KeyCreated, Now, Actor, null, AuditedKey.Of(key));
        Assert.That(
            await keys.IsSavedAsync(client, version, ring, ring.With(key, Now), audit, default)
        );
    }

    private static ClientDeletion Deletion(ClientId client) =>
        new(client, Now, DeletionSummary.None, Actor);

    private Task<DeletionSummary> DeleteAsync(ClientId client) =>
        records.Ports.Deletions.DeleteClientAsync(Deletion(client), default);

    private Task<string> AnnouncementsAsync(ClientId client) =>
        CountAsync(server, records, $"announcements WHERE client_id = '{client}'");
}
