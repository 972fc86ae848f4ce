using System.Net;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis.Connection;

/// <summary>An address leads to another server, while the connections that were made to it stay open.</summary>
[TestFixture]
[NonParallelizable]
public sealed class ConnectionRenewalTests
{
    private const string Listening = "SUBSCRIBE";

    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(20);

    /// <summary>Commands that make a server unusable, and the error that it replies with then.</summary>
    private static readonly TestCaseData[] States =
    [
        new TestCaseData("READONLY", "REPLICAOF 127.0.0.1 {other}").SetArgDisplayNames("READONLY"),
        new TestCaseData(
            "MASTERDOWN",
            "CONFIG SET replica-serve-stale-data no;REPLICAOF 127.0.0.1 1"
        ).SetArgDisplayNames("MASTERDOWN"),
        new TestCaseData("NOREPLICAS", "CONFIG SET min-replicas-to-write 1").SetArgDisplayNames(
            "NOREPLICAS"
        ),
        new TestCaseData("NOPERM", "ACL SETUSER default -evalsha -eval").SetArgDisplayNames(
            "NOPERM"
        ),
    ];

    [TestCaseSource(nameof(States))]
    public async Task Server_OfNoUse_IsLeftForWhereTheAddressLeadsNow(string says, string commands)
    {
        await using var first = await RedisServer.StartAsync(ownProcess: true);
        await using var second = await RedisServer.StartAsync(ownProcess: true);
        await using var address = new Forwarder(first.Port);
        await using var store = await WatchedConnection.StartAsync(address.Address);
        await UntilDecidedAsync(store);

        foreach (var command in commands.Replace("{other}", $"{second.Port}").Split(';'))
        {
            await first.AskAsync(command.Split(' '));
        }

        address.LeadTo(second.Port);

        await UntilRefusedAsync(store);
        await UntilDecidedAsync(store);
        await UntilHeardAsync(store);
        Assert.That(store.Renewals, Has.One.Contains(says));
        Assert.That(store.Renewals.Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task Ask_ConnectionIsReplacedMeanwhile_TheStoreIsUnavailable()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await TestStore.ConnectAsync(server, timeoutMs: 10_000);

        // This is how the client library ends commands of a connection that is closed.
        Assert.That(
            () =>
                connection.AskAsync(
                    "any",
                    _ => Task.FromCanceled<int>(new CancellationToken(canceled: true)),
                    TimeSpan.FromSeconds(1),
                    CancellationToken.None
                ),
            Throws.InstanceOf<StoreUnavailableException>()
        );
    }

    [Test]
    public async Task Server_ThatCannotSave_IsLeftForWhereTheAddressLeadsNow()
    {
        await using var first = await RedisServer.StartAsync(ownProcess: true);
        await using var second = await RedisServer.StartAsync(ownProcess: true);
        await using var address = new Forwarder(first.Port);
        await using var store = await WatchedConnection.StartAsync(address.Address);
        await UntilDecidedAsync(store);

        var folder = (await first.AskAsync("CONFIG", "GET", "dir")).Split('\n')[^1];
        await first.AskAsync("CONFIG", "SET", "save", "3600 1");
        Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        await first.AskAsync("BGSAVE");
        address.LeadTo(second.Port);

        await UntilRefusedAsync(store);
        await UntilDecidedAsync(store);
        Assert.That(store.Renewals, Has.One.Contains("MISCONF"));
    }

    // The client library also gives up such a connection, after about the same time.
    [Test]
    public async Task Server_ThatHangs_IsLeftForWhereTheAddressLeadsNow()
    {
        await using var first = await RedisServer.StartAsync(ownProcess: true);
        await using var second = await RedisServer.StartAsync(ownProcess: true);
        await using var address = new Forwarder(first.Port);
        await using var store = await WatchedConnection.StartAsync(address.Address);
        await UntilDecidedAsync(store);

        await first.PauseAsync();
        address.LeadTo(second.Port);

        await UntilRefusedAsync(store);
        await UntilDecidedAsync(store);
    }

    // The server loads the data of its new master, slowly.
    [Test]
    public async Task Server_ThatIsLoading_IsLeftForWhereTheAddressLeadsNow()
    {
        await using var first = await RedisServer.StartAsync(ownProcess: true);
        await using var second = await RedisServer.StartAsync(ownProcess: true);
        await using var address = new Forwarder(first.Port);
        await using var store = await WatchedConnection.StartAsync(address.Address);
        await UntilDecidedAsync(store);

        await second.AskAsync(
            "EVAL",
            "for i = 1, 4000 do redis.call('SET', i, string.rep(i, 50)) end",
            "0"
        );
        await first.AskAsync("CONFIG", "SET", "key-load-delay", "10000");
        await first.AskAsync("CONFIG", "SET", "loading-process-events-interval-bytes", "1024");
        await first.AskAsync("CONFIG", "SET", "repl-diskless-load", "on-empty-db");
        await second.AskAsync("CONFIG", "SET", "repl-diskless-sync-delay", "0");
        await first.AskAsync("REPLICAOF", "127.0.0.1", $"{second.Port}");
        address.LeadTo(second.Port);

        await UntilRefusedAsync(store);
        await UntilDecidedAsync(store);
        // Meanwhile it replies slowly, or not in time.
        Assert.That(store.Renewals, Has.One.Match("LOADING|no answer in time"));
    }

    // New connections were made to a server that refuses all logins, and the address leads elsewhere again.
    [TestCase("")]
    [TestCase(",password=other")]
    public async Task Server_ThatLetsNobodyIn_IsLeftForWhereTheAddressLeadsNow(string password)
    {
        await using var first = await RedisServer.StartAsync(ownProcess: true);
        await using var closed = await RedisServer.StartAsync(ownProcess: true);
        await using var second = await RedisServer.StartAsync(ownProcess: true);
        await closed.AskAsync("CONFIG", "SET", "requirepass", "secret");
        await using var address = new Forwarder(first.Port);
        await using var store = await WatchedConnection.StartAsync(address.Address + password);
        await UntilDecidedAsync(store);

        address.LeadTo(closed.Port);
        address.Close("", said: true);
        await UntilRefusedAsync(store);
        address.LeadTo(second.Port);

        await UntilDecidedAsync(store);
        await UntilHeardAsync(store);
    }

    [Test]
    public async Task Messages_ConnectionIsSilent_ArriveAgainAndNobodyWaits()
    {
        await using var server = await RedisServer.StartAsync(ownProcess: true);
        await using var address = new Forwarder(server.Port);
        await using var store = await WatchedConnection.StartAsync(address.Address);
        await UntilDecidedAsync(store);
        await UntilHeardAsync(store);

        address.Silence(Listening);

        await MustBeHeardAgainAsync(store);
        Assert.That(store.Renewals, Has.One.Contains("messages do not arrive"));
    }

    [Test]
    public async Task Messages_ConnectionStaysWithTheOldServer_ArriveAgainAndNobodyWaits()
    {
        await using var first = await RedisServer.StartAsync(ownProcess: true);
        await using var second = await RedisServer.StartAsync(ownProcess: true);
        await using var address = new Forwarder(first.Port);
        await using var store = await WatchedConnection.StartAsync(address.Address);
        await UntilDecidedAsync(store);
        await UntilHeardAsync(store);

        address.LeadTo(second.Port);
        address.Close(Listening, said: false);
        await UntilDecidedAsync(store);

        await MustBeHeardAgainAsync(store);
        var received = new TaskCompletionSource<string>();
        store.Invalidations.Freed += counter => received.TrySetResult(counter);
        await second.AskAsync("PUBLISH", RedisKeys.InvalidationChannel, "freed counter");
        Assert.That(await received.Task.WaitAsync(Recovered), Is.EqualTo("counter"));
    }

    [Test]
    public async Task Name_LeadsElsewhere_ConnectionsAreMadeAgainButNotAllTheTime()
    {
        await using var server = await RedisServer.StartAsync(ownProcess: true);
        await using var address = new Forwarder(server.Port);
        var moved = false;
        await using var store = await WatchedConnection.StartAsync(
            $"localhost:{address.Port}",
            (_, _) =>
                Task.FromResult<IPAddress[]>([IPAddress.Parse(moved ? "127.0.0.2" : "127.0.0.1")])
        );
        await UntilDecidedAsync(store);
        await Task.Delay(ConnectionRenewal.Patience * 3);
        Assert.That(store.Renewals, Is.Empty);
        var before = address.Count;

        moved = true;

        await Poll.UntilAsync(
            "Connections are not made again.",
            Recovered,
            async () =>
            {
                Assert.That(await store.IsDecidedAsync(), "A check has noticed it.");
                return store.Renewals.Any();
            }
        );
        Assert.That(store.Renewals, Has.One.Contains("localhost resolves to another address"));
        // As far as the resolver reports, the name still resolves to another address.
        await Task.Delay(TimeSpan.FromSeconds(12));
        Assert.That(address.Count - before, Is.LessThanOrEqualTo(3 * 2));
        Assert.That(store.Renewals.Count(), Is.EqualTo(1));
        Assert.That(await store.IsDecidedAsync());
    }

    [Test]
    public async Task Server_StaysOfNoUse_IsNotConnectedToAllTheTime()
    {
        await using var server = await RedisServer.StartAsync(ownProcess: true);
        await using var address = new Forwarder(server.Port);
        await using var store = await WatchedConnection.StartAsync(address.Address);
        await UntilDecidedAsync(store);
        var before = address.Count;

        await server.AskAsync("CONFIG", "SET", "min-replicas-to-write", "1");
        await UntilRefusedAsync(store);
        await Task.Delay(TimeSpan.FromSeconds(15));

        // After 3, 6 and 12 s, each with a connection for commands and one for messages.
        Assert.That(address.Count - before, Is.LessThanOrEqualTo(3 * 2));
        Assert.That(store.Renewals.Count(), Is.EqualTo(1));
        await server.AskAsync("CONFIG", "SET", "min-replicas-to-write", "0");
        await UntilDecidedAsync(store);
    }

    [Test]
    public async Task Cluster_OneServerIsOfNoUse_ConnectionsToTheOthersStay()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var store = await WatchedConnection.StartAsync(cluster.ConnectionString);
        await UntilDecidedAsync(store);
        await UntilHeardAsync(store);
        var masters = await cluster.MastersAsync();
        var before = await ConnectionsOfAsync(masters[1]);

        // More replicas than it has.
        await masters[0].AskAsync("CONFIG", "SET", "min-replicas-to-write", "9");
        await UntilRefusedAsync(store);
        await Task.Delay(ConnectionRenewal.Patience * 2);

        Assert.That(await ConnectionsOfAsync(masters[1]), Is.EqualTo(before));
        Assert.That(store.Renewals, Is.Empty);
    }

    private static Task<TimeSpan> UntilDecidedAsync(WatchedConnection store) =>
        Poll.UntilAsync("The store does not decide.", Recovered, store.IsDecidedAsync);

    private static Task<TimeSpan> UntilRefusedAsync(WatchedConnection store) =>
        Poll.UntilAsync(
            "The store still decides.",
            Recovered,
            async () => !await store.IsDecidedAsync()
        );

    private static Task<TimeSpan> UntilHeardAsync(WatchedConnection store) =>
        Poll.UntilAsync(
            "No messages arrive.",
            Recovered,
            () => Task.FromResult(store.Invalidations.IsSubscribed)
        );

    private static async Task MustBeHeardAgainAsync(WatchedConnection store)
    {
        await Poll.UntilAsync(
            "Messages still arrive.",
            Recovered,
            () => Task.FromResult(!store.Invalidations.IsSubscribed)
        );
        await Poll.UntilAsync(
            "No messages arrive.",
            Recovered,
            async () =>
            {
                Assert.That(await store.IsDecidedAsync(), "A check has noticed it.");
                return store.Invalidations.IsSubscribed;
            }
        );
    }

    private static async Task<string> ConnectionsOfAsync(RedisNode node) =>
        string.Join(
            ' ',
            (await node.AskAsync("CLIENT", "LIST", "TYPE", "NORMAL"))
                .Split('\n')
                .Where(line => !line.Contains("cmd=client"))
                .Select(line => line.Split(' ')[0])
                .Order()
        );
}
