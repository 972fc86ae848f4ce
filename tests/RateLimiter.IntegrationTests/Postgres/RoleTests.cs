using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Clients;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Postgres.Audit;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Postgres;

/// <summary>The service's role, as deploy/postgres/grants.sql creates it.</summary>
public sealed class RoleTests : PostgresTests
{
    private static readonly string Grants = Path.Combine(
        typeof(RoleTests)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "RepositoryPath")
            .Value!,
        "deploy/postgres/grants.sql"
    );

    private PostgresServer server = null!;
    private string database = null!;
    private PostgresRecords owner = null!;
    private PostgresRecords service = null!;

    [OneTimeSetUp]
    public async Task GrantAsync()
    {
        server = await PostgresServer.GetSharedAsync();
        database = await server.CreateDatabaseAsync();
        var (owning, serving) = ($"owner_{database}", $"service_{database}");
        await server.ExecuteAsync(
            database,
            $"CREATE ROLE {owning} LOGIN; CREATE ROLE {serving} LOGIN;"
                + $"ALTER DATABASE {database} OWNER TO {owning}"
        );
        owner = PostgresRecords.Open(server.ConnectionString(database, owning), Redis);
        await owner.Schema(retentionDays: 10).MigrateAsync(default);
        await server.ExecuteFileAsync(database, Grants, $"service={serving}");
        service = PostgresRecords.Open(server.ConnectionString(database, serving), Redis);
        service.Options.MigrateAtStart = false;
    }

    [OneTimeTearDown]
    public void Close()
    {
        owner?.Dispose();
        service?.Dispose();
    }

    [Test]
    public async Task Service_AllThatItDoes_IsGranted()
    {
        using var schema = service.Schema();
        service.Database.IsReady = false;
        await schema.StartAsync(default);
        Assert.That(service.Database.IsReady, Is.True);
        await schema.StopAsync(default);
        var ports = service.Ports;

        var client = await RegisterAsync(ports);
        await SaveAsync(ports, client, "route");
        await SaveAsync(ports, client, "route", "again");
        var head = await ports.Policies.FindAsync(client, PolicyKey.Create("route", null), default);
        await TryAsync(ports, client, head.Delete());
        var (version, ring) = (await ports.Keys.FindAsync(client, default))!.Value;
        Assert.That(
            await ports.Keys.IsSavedAsync(
                client,
                version,
                ring,
                new KeyRing([]),
                Registration,
                default
            )
        );
        Assert.That(
            await ports.Policies.ListVersionsAsync(client, head.Key, null, 10, default),
            Has.Count.EqualTo(3)
        );
        await service.Relay.RelayAsync(default);
        await ports.Deletions.DeleteClientAsync(
            new ClientDeletion(client, Now, DeletionSummary.None, Actor),
            default
        );
        await Retention().PruneAsync(default);

        Assert.That(await ports.Clients.FindAsync(client, default), Is.Null);
    }

    [TestCase("UPDATE ratelimiter.audit SET address = 'x'")]
    [TestCase("DELETE FROM ratelimiter.audit")]
    [TestCase("TRUNCATE ratelimiter.audit")]
    [TestCase("DROP TABLE ratelimiter.audit")]
    [TestCase("ALTER TABLE ratelimiter.audit DISABLE TRIGGER ALL")]
    [TestCase("UPDATE ratelimiter.audit_settings SET retention_days = 1")]
    [TestCase("INSERT INTO ratelimiter.migrations VALUES ('x', 'x')")]
    [TestCase("CREATE TABLE ratelimiter.mine (id integer)")]
    public async Task Service_ChangesOfTheAuditTrail_AreRefused(string sql)
    {
        await RegisterAsync(service.Ports);
        await using var connection = new NpgsqlConnection(service.Options.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);

        var refusal = Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());

        Assert.That(refusal!.SqlState, Is.EqualTo(PostgresErrorCodes.InsufficientPrivilege));
    }

    [Test]
    public async Task Prune_EntriesOlderThanTheyAreKept_AreDeletedAndNoOthers()
    {
        var client = NewClient();
        var now = TimeProvider.System.GetUtcNow();
        await service.Ports.Clients.AddAsync(client, At(now.AddDays(-11)), default);
        await AddAsync(At(now.AddDays(-9)));
        await AddAsync(At(now));

        Assert.That(await Retention().PruneAsync(default), Is.GreaterThan(0));

        var trail = await service.Ports.Audit.ListAsync(client.Id, new(), null, 10, default);
        Assert.That(
            trail.Select(entry => (now - entry.Record.At).Days),
            Is.EqualTo(new[] { 0, 9 })
        );

        AuditRecord At(DateTimeOffset moment) => Registration with { At = moment };

        async Task AddAsync(AuditRecord audit)
        {
            var (version, ring) = (await service.Ports.Keys.FindAsync(client.Id, default))!.Value;
            await service.Ports.Keys.IsSavedAsync(client.Id, version, ring, ring, audit, default);
        }
    }

    private AuditRetention Retention() =>
        new(
            service.Database,
            Options.Create(new AuditOptions()),
            TimeProvider.System,
            NullLogger<AuditRetention>.Instance
        );
}
