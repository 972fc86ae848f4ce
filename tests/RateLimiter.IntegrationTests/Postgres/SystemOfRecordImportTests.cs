using RateLimiter.Domain;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Postgres.Administration;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.IntegrationTests.Contracts;
using RateLimiter.IntegrationTests.Redis;
using RateLimiter.IntegrationTests.Redis.Policies;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Postgres;

/// <summary>Imports from a store of each kind that contains nothing else.</summary>
[TestFixture(StoreKind.Embedded)]
[TestFixture(StoreKind.Redis)]
public sealed class SystemOfRecordImportTests(StoreKind kind) : PostgresTests
{
    private TestStore store = null!;
    private Ports source = null!;
    private PostgresServer server = null!;
    private PostgresRecords records = null!;

    [SetUp]
    public async Task OpenAsync()
    {
        server = await PostgresServer.GetSharedAsync();
        store = await TestStore.StartOwnAsync(kind);
        var connection = store.Connection;
        source = new Ports(
            new RedisClientRepository(connection, TestStore.Quotas),
            new RedisKeyRepository(connection, TestStore.Quotas),
            connection.Policies(),
            connection.Audit(),
            new RedisDeletionRepository(connection)
        );
        records = await PostgresRecords.CreateAsync(server, connection);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        records?.Dispose();
        if (store is not null)
        {
            await store.DisposeAsync();
        }
    }

    [Test]
    public async Task Run_SomeClients_CopiesAllThatIsKnownOfThem()
    {
        var clients = await FillAsync(count: 3);

        var summary = await RunAsync();

        Assert.That(summary, Does.StartWith("3 clients: 3 copied, 0 there already, 0 newer"));
        foreach (var client in clients)
        {
            Assert.That(
                await StateAsync(records.Ports, client),
                Is.EqualTo(await StateAsync(source, client))
            );
        }
    }

    [Test]
    public async Task Run_Again_CopiesWhatChangedAndLeavesTheRest()
    {
        var clients = await FillAsync(count: 3);
        await RunAsync();
        await SaveAsync(source, clients[0], "new");
        // Written directly, as by a service that uses the database already.
        await server.ExecuteAsync(
            new Npgsql.NpgsqlConnectionStringBuilder(records.Options.ConnectionString).Database!,
            $"UPDATE ratelimiter.clients SET version = 1000 WHERE id = '{clients[1]}'"
        );

        var summary = await RunAsync();

        Assert.That(summary, Does.StartWith("3 clients: 1 copied, 1 there already, 1 newer"));
        Assert.That(
            await StateAsync(records.Ports, clients[0]),
            Is.EqualTo(await StateAsync(source, clients[0]))
        );
    }

    [Test]
    public async Task Run_ClientThatWasDeletedFromTheDatabase_DoesNotBringItBack()
    {
        var client = (await FillAsync(count: 1))[0];
        await RunAsync();
        await server.ExecuteAsync(
            new Npgsql.NpgsqlConnectionStringBuilder(records.Options.ConnectionString).Database!,
            $"""
            DELETE FROM ratelimiter.clients WHERE id = '{client}';
            INSERT INTO ratelimiter.audit (client_id, at, action, address, request_id)
            VALUES ('{client}', now(), 'client.deleted', '', '')
            """
        );

        var summary = await RunAsync();

        Assert.That(summary, Does.StartWith("1 clients: 0 copied, 0 there already, 1 newer"));
    }

    [Test]
    public async Task Run_DatabaseHasNotAll_SaysSo()
    {
        var client = (await FillAsync(count: 1))[0];
        await RunAsync();
        await server.ExecuteAsync(
            new Npgsql.NpgsqlConnectionStringBuilder(records.Options.ConnectionString).Database!,
            $"DELETE FROM ratelimiter.policies WHERE client_id = '{client}'"
        );

        var failure = Assert.ThrowsAsync<PostgresSetupException>(() => RunAsync());

        Assert.That(failure!.Message, Does.Contain("0 policies").And.Not.Contain('\n'));
    }

    private Task<string> RunAsync() =>
        new SystemOfRecordImport(
            records.Database,
            store.Connection,
            store.Connection.Journal(),
            store.Connection.Audit()
        ).RunAsync(_ => { }, default);

    private async Task<IReadOnlyList<ClientId>> FillAsync(int count)
    {
        var clients = new List<ClientId>();
        for (var i = 0; i < count; i++)
        {
            var client = await RegisterAsync(source);
            await SaveAsync(source, client, "stays {}: \"é😀");
            await SaveAsync(source, client, "stays {}: \"é😀", "changed");
            var gone = await SaveAsync(source, client, "goes");
            await TryAsync(source, client, PolicyHead.Of(gone).Delete());
            clients.Add(client);
        }

        return clients;
    }

    private static async Task<string> StateAsync(Ports ports, ClientId client)
    {
        var set = await ports.Policies.ListAsync(client, default);
        var lines = new List<string> { $"{set.Version}" };
        foreach (var head in set.Heads.OrderBy(head => head.Key))
        {
            lines.Add($"{head.Key} {head.Version} {head.Policy?.Definition.Description}");
            foreach (
                var version in await ports.Policies.ListVersionsAsync(
                    client,
                    head.Key,
                    null,
                    100,
                    default
                )
            )
            {
                lines.Add(
                    $"{version.Version} {version.At:O} {version.By} {version.Policy?.Definition.Description}"
                );
            }
        }

        var (keysVersion, ring) = (await ports.Keys.FindAsync(client, default))!.Value;
        lines.Add($"{keysVersion} {string.Join(' ', ring.Keys.OrderBy(key => key.Id))}");
        var trail = await ports.Audit.ListAsync(client, new(), null, 1000, default);
        lines.AddRange(
            trail.Select(entry =>
                $"{entry.Record.Action} {entry.Record.At:O} {entry.Record.Actor} {Text(entry.Record.After)}"
            )
        );
        var snapshot = (await ports.Clients.FindAsync(client, default))!;
        lines.Add($"{snapshot.Version}");
        return string.Join('\n', lines);
    }

    private static string Text(Domain.Audit.Audited? audited) =>
        audited is Domain.Audit.AuditedPolicy policy
            ? $"{policy.Policy.Key} {policy.Policy.Version}"
            : $"{audited}";
}
