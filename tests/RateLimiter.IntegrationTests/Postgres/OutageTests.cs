using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Postgres;

/// <summary>A server that is stopped and killed is used by one test only.</summary>
public sealed class OutageTests : PostgresTests
{
    [Test]
    public async Task AnyOfThem_ServerHangs_IsUnavailableInTime()
    {
        await using var server = await PostgresServer.StartAsync();
        using var records = await PostgresRecords.CreateAsync(server, Redis);
        var client = await RegisterAsync(records.Ports);
        await SaveAsync(records.Ports, client, "route");
        var known = (await records.Ports.Clients.FindAsync(client, default))!;
        var (version, ring) = (await records.Ports.Keys.FindAsync(client, default))!.Value;
        using var hasty = PostgresRecords.Open(
            records.Options.ConnectionString!,
            Redis,
            timeoutMs: 1500
        );
        await WaitAsync(hasty, client);
        var (ports, change) = (
            hasty.Ports,
            PolicyHead.None(PolicyKey.CatchAll).Save(Definition("*"), Now, Actor)
        );

        await server.PauseAsync();
        try
        {
            Func<Task>[] questions =
            [
                () => ports.Policies.ListAsync(client, default),
                () => TryAsync(ports, client, change),
                () => ports.Keys.IsSavedAsync(client, version, ring, ring, Registration, default),
                () => ports.Audit.ListAsync(client, new(), null, 1, default),
                () => ports.Clients.AddAsync(NewClient(), Registration, default),
                () => ports.Clients.FindAsync(ClientId.New(), default),
            ];
            var clock = Stopwatch.StartNew();
            foreach (var question in questions)
            {
                Assert.ThrowsAsync<StoreUnavailableException>(() => question());
            }

            // Each takes a second and a half; the machine may be busy.
            Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5 * questions.Length)));
            var found = await ports.Clients.FindAsync(client, default);
            Assert.That(found!.Version, Is.EqualTo(known.Version));
            Assert.That(
                await ports.Clients.FindVersionAsync(client, default),
                Is.EqualTo(known.Version)
            );
        }
        finally
        {
            await server.ResumeAsync();
        }

        await WaitAsync(hasty, client);
    }

    [Test]
    public async Task AnyOfThem_ServerAnswersWithErrors_IsNotToldEachTime()
    {
        await using var server = await PostgresServer.StartAsync();
        using var records = await PostgresRecords.CreateAsync(server, Redis);

        for (var i = 0; i < 30; i++)
        {
            Assert.ThrowsAsync<StoreUnavailableException>(() =>
                records.Database.AskAsync(
                    (context, deadline) =>
                        context.Database.ExecuteSqlRawAsync("SELECT nothing", deadline.Token),
                    CancellationToken.None
                )
            );
        }

        Assert.That(records.Log.Collector.Count, Is.InRange(1, 10));
    }

    [Test]
    public async Task Change_ServerIsKilledMeanwhile_NothingThatWasAnsweredIsLost()
    {
        const int writers = 8;
        await using var server = await PostgresServer.StartAsync(isDurable: true);
        using var records = await PostgresRecords.CreateAsync(server, Redis, timeoutMs: 15000);
        var ports = records.Ports;
        var clients = new List<ClientId>();
        for (var i = 0; i < writers; i++)
        {
            clients.Add(await RegisterAsync(ports));
        }

        var saved = new ConcurrentBag<(ClientId Client, Policy Policy)>();
        var writing = Task.WhenAll(
            clients.Select(client => Task.Run(() => WriteUntilAwayAsync(client)))
        );
        await Poll.UntilAsync(
            "Nothing is saved.",
            TimeSpan.FromSeconds(60),
            () => Task.FromResult(saved.Count > 20 * writers)
        );
        await server.KillAsync();
        await writing;
        await server.RunAsync();

        foreach (var group in saved.GroupBy(pair => pair.Client))
        {
            var set = await ports.Policies.ListAsync(group.Key, default);
            var trail = await ports.Audit.ListAsync(group.Key, new(), null, 100_000, default);
            var made = set.Policies.ToDictionary(policy => policy.Key);
            var answered = group.Count();
            // The last change of each client may have been saved without a reply.
            Assert.That(set.Version, Is.EqualTo(answered).Or.EqualTo(answered + 1));
            Assert.That(trail, Has.Count.EqualTo(set.Version + 1));
            foreach (var policies in group.GroupBy(pair => pair.Policy.Key))
            {
                var last = policies.Max(pair => pair.Policy.Version);
                Assert.That(made[policies.Key].Version, Is.GreaterThanOrEqualTo(last));
                var versions = await ports.Policies.ListVersionsAsync(
                    group.Key,
                    policies.Key,
                    null,
                    100_000,
                    default
                );
                Assert.That(
                    versions.Select(version => version.Version),
                    Is.EqualTo(Enumerable.Range(1, versions.Count).Reverse())
                );
                Assert.That(versions[0].Version, Is.EqualTo(made[policies.Key].Version));
            }
        }

        await records.Relay.RelayAsync(default);
        foreach (var client in clients)
        {
            var record = (await records.Copies.FindRecordAsync(client, default))!;
            Assert.That(
                await Copies.FindVersionAsync(client, default),
                Is.EqualTo(record.Client.Version)
            );
        }

        Assert.That(await CountAsync(server, records, "announcements"), Is.EqualTo("0"));

        async Task WriteUntilAwayAsync(ClientId client)
        {
            try
            {
                for (var i = 0; ; i++)
                {
                    var definition = Definition($"{i % 5}", $"{i}");
                    var head = await ports.Policies.FindAsync(client, definition.Key, default);
                    var change = head.Save(definition, Now, Actor);
                    if (await TryAsync(ports, client, change) == PolicySave.Saved)
                    {
                        saved.Add((client, change.After!));
                    }
                }
            }
            catch (StoreUnavailableException)
            {
                // The server is dead.
            }
        }
    }

    // The first query may take longer than its time-out.
    private static Task<TimeSpan> WaitAsync(PostgresRecords records, ClientId client) =>
        Poll.UntilAsync(
            "It does not answer.",
            TimeSpan.FromSeconds(30),
            async () =>
            {
                try
                {
                    return (await records.Ports.Policies.ListAsync(client, default)).Heads
                        is not [];
                }
                catch (StoreUnavailableException)
                {
                    return false;
                }
            }
        );
}
