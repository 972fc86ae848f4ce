using System.Diagnostics;

namespace RateLimiter.EndToEndTests;

/// <summary>
/// What was answered holds on the instance that answered, although the store hangs (SIGSTOP) right after; and a check of a
/// client that was just changed waits for the store no longer than any other. Alone on the machine, because time is measured.
/// </summary>
[TestFixture(Store.Redis)]
[TestFixture(Store.Postgres)]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
[NonParallelizable]
public sealed class AnsweredChangeTests(Store store)
{
    /// <summary>So many tenants at once: what is only mostly right does not pass.</summary>
    private const int Tenants = 5;

    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(30);

    private StoreHost host = null!;
    private Service here = null!;
    private Service there = null!;
    private Client probe = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        (string Name, string Value)[] settings =
        [
            ("Store__TimeoutMs", $"{CheckTimeout.TotalMilliseconds}"),
            ("Store__OnFailure", "local"),
            SharedServices.Open,
            SharedServices.Forgiving,
            ("Postgres__TimeoutMs", "10000"),
        ];
        host = await StoreHost.StartAsync(store, ownProcess: true);
        (here, there) = (await host.ServeAsync(settings), await host.ServeAsync(settings));
        probe = await Client.RegisterAsync(here);
        await probe.HasPolicyAsync("r", 1);
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public Task Policy_Saved_IsThere() =>
        HoldsAsync(
            _ => Task.CompletedTask,
            tenant => tenant.HasPolicyAsync("r", 7),
            async tenant => await LimitAsync(tenant) == 7
        );

    [Test]
    public Task Policy_Changed_IsTheNewOne() =>
        HoldsAsync(
            tenant => tenant.HasPolicyAsync("r", 7),
            tenant => tenant.HasPolicyAsync("r", 9),
            async tenant => await LimitAsync(tenant) == 9
        );

    [Test]
    public Task Policy_Deleted_IsGone() =>
        HoldsAsync(
            tenant => tenant.HasPolicyAsync("r", 7),
            async tenant => (await tenant.DeletePolicyAsync("r")).MustBeOk(),
            async tenant => (await tenant.CheckAsync("u", "r")).Status == 404
        );

    [Test]
    public Task Policy_RolledBack_SaysWhatItSaid() =>
        HoldsAsync(
            async tenant =>
            {
                await tenant.HasPolicyAsync("r", 7);
                await tenant.HasPolicyAsync("r", 9);
            },
            async tenant =>
                (
                    await tenant.PostAsync("/policy/rollback", """{"route_key":"r","version":1}""")
                ).MustBeOk(),
            async tenant => await LimitAsync(tenant) == 7
        );

    [Test]
    public Task Policies_Imported_AreThoseAlone() =>
        HoldsAsync(
            tenant => tenant.HasPolicyAsync("old", 7),
            async tenant =>
                (
                    await tenant.SendAsync(
                        HttpMethod.Put,
                        "/policy/import",
                        """{"policies":[{"route_key":"r","limit":9,"window_seconds":60}]}"""
                    )
                ).MustBeOk(),
            async tenant =>
                await LimitAsync(tenant) == 9 && (await tenant.CheckAsync("u", "old")).Status == 404
        );

    [Test]
    public async Task Key_Made_IsLetIn()
    {
        Dictionary<Client, Client> made = [];
        await HoldsAsync(
            tenant => tenant.HasPolicyAsync("r", 7),
            async tenant =>
            {
                var other = tenant.With((await MakeKeyAsync(tenant)).Key);
                lock (made)
                {
                    made.Add(tenant, other);
                }
            },
            async tenant => await LimitAsync(made[tenant]) == 7
        );
    }

    [Test]
    public async Task Key_Rotated_TheNewOneIsLetInAndTheOldOneIsNot()
    {
        Dictionary<Client, Client> made = [];
        await HoldsAsync(
            tenant => tenant.HasPolicyAsync("r", 7),
            async tenant =>
            {
                var rotated = (
                    await tenant.PostAsync("/keys/rotate", """{"grace_seconds":0}""")
                ).MustBeOk();
                lock (made)
                {
                    made.Add(tenant, tenant.With(rotated["api_key"].GetString()!));
                }
            },
            async tenant =>
                await LimitAsync(made[tenant]) == 7
                && (await tenant.CheckAsync("u", "r")).Status == 401
        );
    }

    [Test]
    public async Task Key_Revoked_IsKeptOutHereAndWhereItWasHeard()
    {
        Dictionary<Client, (string Id, Client Revoked)> made = [];
        await HoldsAsync(
            async tenant =>
            {
                await tenant.HasPolicyAsync("r", 7);
                var (id, key) = await MakeKeyAsync(tenant);
                var revoked = tenant.With(key);
                (await revoked.CheckAsync("u", "r")).MustBeOk();
                await IsLetInAsync(revoked.On(there));
                lock (made)
                {
                    made.Add(tenant, (id, revoked));
                }
            },
            async tenant =>
                (
                    await tenant.SendAsync(HttpMethod.Delete, $"/keys/{made[tenant].Id}")
                ).MustBeStatus(204),
            async tenant =>
            {
                var revoked = made[tenant].Revoked;
                await Poll.UntilAsync(
                    "The revocation is not heard.",
                    Recovered,
                    async () => (await revoked.On(there).CheckAsync("u", "r")).Status == 401
                );
                return (await revoked.CheckAsync("u", "r")).Status == 401
                    && (await revoked.On(there).CheckAsync("u", "r")).Status == 401
                    && (await tenant.On(there).CheckAsync("u", "r")).Status == 200;
            }
        );
    }

    [Test]
    public Task Client_Deleted_IsKeptOutHereAndWhereItWasHeard() =>
        HoldsAsync(
            async tenant =>
            {
                await tenant.HasPolicyAsync("r", 7);
                await IsLetInAsync(tenant.On(there));
            },
            async tenant =>
                Assert.That((await tenant.DeleteAsync()).Status, Is.EqualTo(200).Or.EqualTo(202)),
            async tenant =>
                (await tenant.CheckAsync("u", "r")).Status == 401
                && (await tenant.On(there).CheckAsync("u", "r")).Status == 401
        );

    [Test]
    public Task Usage_ResetOrRefunded_IsNotDeniedByWhatWasCountedInAnOutage(
        [Values] bool isReset
    ) =>
        HoldsAsync(
            async tenant =>
            {
                await tenant.HasPolicyAsync("r", 1);
                await tenant.CheckAsync("u", "r");
            },
            async tenant =>
                (
                    isReset
                        ? await tenant.SendAsync(HttpMethod.Delete, "/usage?user_id=u&route_key=r")
                        : await tenant.PostAsync(
                            "/usage/refund",
                            """{"user_id":"u","route_key":"r"}"""
                        )
                ).MustBeStatus(isReset ? 204 : 200),
            async tenant => (await tenant.CheckAsync("u", "r")).MustBeOk().Allowed,
            async tenant =>
            {
                // Until it is away, nothing is counted here.
                await Poll.UntilAsync(
                    "The store still decides.",
                    Recovered,
                    async () => (await tenant.CheckAsync("u", "r", cost: 0)).IsDegraded
                );
                await tenant.CheckAsync("u", "r");
                Assert.That((await tenant.CheckAsync("u", "r")).Allowed, Is.False);
            }
        );

    [Test]
    public async Task Check_OfAClientThatWasJustChanged_WaitsNoLongerThanAnyOther()
    {
        List<TimeSpan> times = [];
        await HoldsAsync(
            tenant => tenant.HasPolicyAsync("r", 7),
            tenant => tenant.HasPolicyAsync("r", 9),
            async tenant =>
            {
                var clock = Stopwatch.StartNew();
                (await tenant.CheckAsync("u", "r")).MustBeOk();
                lock (times)
                {
                    times.Add(clock.Elapsed);
                }

                return true;
            }
        );

        // Half of it for the client, and half for the counter; it was once the whole for each.
        Assert.That(times.Min(), Is.LessThan(1.7 * CheckTimeout), string.Join(", ", times));
    }

    [Test]
    public async Task Change_WhileTheStoreHangs_HoldsWhereTheRecordIsElsewhere()
    {
        if (store != Store.Postgres)
        {
            Assert.Ignore("Only a system of record elsewhere answers a change while Redis hangs.");
        }

        await HoldsAsync(
            async tenant =>
            {
                await tenant.HasPolicyAsync("r", 7);
                (await tenant.CheckAsync("u", "r")).MustBeOk();
            },
            _ => Task.CompletedTask,
            async tenant =>
            {
                (await tenant.SavePolicyAsync("r", 9)).MustBeOk();
                (await tenant.SavePolicyAsync("s", 5)).MustBeOk();
                return await LimitAsync(tenant) == 9
                    && (await tenant.CheckAsync("u", "s"))["limit"].GetInt64() == 5;
            },
            afterwards: async tenant => Assert.That(await LimitAsync(tenant), Is.EqualTo(9))
        );
    }

    /// <summary>
    /// Something is done by each of some tenants, the store hangs as soon as that is answered, and is so for each of them.
    /// </summary>
    private async Task HoldsAsync(
        Func<Client, Task> prepare,
        Func<Client, Task> change,
        Func<Client, Task<bool>> holds,
        Func<Client, Task>? outageBefore = null,
        Func<Client, Task>? afterwards = null
    )
    {
        await RecoversAsync();
        var tenants = await Task.WhenAll(
            Enumerable.Range(0, Tenants).Select(_ => Client.RegisterAsync(here))
        );
        await EachAsync(prepare);
        if (outageBefore is not null)
        {
            await PausedAsync(() => EachAsync(outageBefore));
        }

        await EachAsync(change);
        await PausedAsync(async () =>
            Assert.That(
                await Task.WhenAll(tenants.Select(holds)),
                Is.All.True,
                "Not what was answered."
            )
        );
        if (afterwards is not null)
        {
            await EachAsync(afterwards);
        }

        Task EachAsync(Func<Client, Task> act) => Task.WhenAll(tenants.Select(act));
    }

    private async Task PausedAsync(Func<Task> act)
    {
        await host.Redis.PauseAsync();
        try
        {
            await act();
        }
        finally
        {
            await host.Redis.ResumeAsync();
        }

        await RecoversAsync();
    }

    private async Task RecoversAsync()
    {
        foreach (var service in new[] { here, there })
        {
            await Poll.UntilAsync(
                "The store is not found again.",
                Recovered,
                async () =>
                    await probe.On(service).CheckAsync("u", "r", cost: 0)
                        is { Status: 200, IsDegraded: false }
            );
        }
    }

    private static Task<TimeSpan> IsLetInAsync(Client client) =>
        Poll.UntilAsync(
            "The key is not let in.",
            Recovered,
            async () => (await client.CheckAsync("u", "r")).Status == 200
        );

    private static async Task<long> LimitAsync(Client client)
    {
        var answer = await client.CheckAsync("u", "r", cost: 0);
        return answer.Status == 200 ? answer["limit"].GetInt64() : -answer.Status;
    }

    private static async Task<(string Id, string Key)> MakeKeyAsync(Client client)
    {
        var made = (
            await client.PostAsync("/keys", """{"name":"other","scopes":["check"]}""")
        ).MustBeOk();
        return (made["key_id"].GetString()!, made["api_key"].GetString()!);
    }
}
