using RateLimiter.Application;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis;

/// <summary>Changes that take the store longer than a request waits for it, on a server that the test stops.</summary>
[TestFixture]
public sealed class LargeChangeTests
{
    // Beyond it nobody waits for the store, but by looking again.
    private static readonly TimeSpan Away = TimeSpan.FromMilliseconds(1500);

    [Test]
    public async Task Change_AnsweredTooLate_IsFoundToBeMade()
    {
        await using var server = await RedisServer.StartAsync(ownProcess: true);
        await using var connection = await TestStore.ConnectAsync(server, timeoutMs: 100);
        var policies = new RedisPolicyRepository(connection, TestStore.Quotas);
        var client = await TestStore.RegisterAsync(connection);
        // The server must know the script: it would ask for it, and nobody would be there to answer.
        await ChangeAsync(policies, await TestStore.RegisterAsync(connection), count: 1);

        await server.PauseAsync();
        var changing = ChangeAsync(policies, client, count: 600);
        await Task.Delay(Away);
        await server.ResumeAsync();

        Assert.That(await changing, Is.EqualTo(PolicySave.Saved));
        Assert.That((await policies.ListAsync(client, default)).Heads, Has.Count.EqualTo(600));
    }

    [Test]
    public async Task Change_OfFewAnsweredTooLate_IsUnavailable()
    {
        await using var server = await RedisServer.StartAsync(ownProcess: true);
        await using var connection = await TestStore.ConnectAsync(server, timeoutMs: 100);
        var policies = new RedisPolicyRepository(connection, TestStore.Quotas);
        var client = await TestStore.RegisterAsync(connection);

        await server.PauseAsync();
        Assert.That(
            () => ChangeAsync(policies, client, count: 1),
            Throws.TypeOf<StoreUnavailableException>()
        );
        await server.ResumeAsync();
    }

    private static Task<PolicySave> ChangeAsync(
        RedisPolicyRepository policies,
        ClientId client,
        int count
    )
    {
        var now = TimeProvider.System.GetUtcNow();
        var actor = Ask.Audit(AuditAction.PolicyCreated).Actor;
        var limit = new Limit("default", Algorithm.FixedWindow, 1, TimeSpan.FromSeconds(1));
        return policies.OutcomeAsync(
            client,
            new PolicyChanges(
                [
                    .. Enumerable
                        .Range(0, count)
                        .Select(i => PolicyKey.Create($"r{i}", role: null))
                        .Select(key =>
                            PolicyHead
                                .None(key)
                                .Save(
                                    new PolicyDefinition(
                                        key,
                                        [limit],
                                        Description: null,
                                        IsActive: true,
                                        PolicyMode.Enforce
                                    ),
                                    now,
                                    actor
                                )
                        ),
                ],
                SetVersion: null,
                now,
                actor
            ),
            new PolicyQuota(10_000, 1 << 30),
            default
        );
    }
}
