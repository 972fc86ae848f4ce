using System.Diagnostics;

namespace RateLimiter.EndToEndTests.Stores;

/// <inheritdoc/>
/// <remarks>And a check of a client that was just changed does not wait longer for the store than any other.</remarks>
[TestFixture(Store.Redis)]
[TestFixture(Store.Postgres)]
public sealed class AnsweredChangeTests(Store store) : AnsweredChangeFixture(store)
{
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
            async tenant => (await CheckedAsync(tenant)).Status == 404
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
                await LimitAsync(tenant) == 9 && (await CheckedAsync(tenant, "old")).Status == 404
        );

    [Test]
    public async Task Key_Made_IsAccepted()
    {
        Dictionary<TestClient, TestClient> made = [];
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
    public async Task Key_Rotated_TheNewOneIsAcceptedAndTheOldOneIsNot()
    {
        Dictionary<TestClient, TestClient> made = [];
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
                await LimitAsync(made[tenant]) == 7 && (await CheckedAsync(tenant)).Status == 401
        );
    }

    [Test]
    public Task Key_Revoked_IsKeptOut() => RevokedAsync(isHeardThere: false);

    [Test]
    public Task Key_RevokedAndHeardByAnotherInstance_IsKeptOutThere() =>
        RevokedAsync(isHeardThere: true);

    [Test]
    public Task Client_Deleted_IsKeptOut() => DeletedAsync(isHeardThere: false);

    [Test]
    public Task Client_DeletedAndHeardByAnotherInstance_IsKeptOutThere() =>
        DeletedAsync(isHeardThere: true);

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
            async tenant => (await CheckedAsync(tenant)).MustBeOk().Allowed,
            async tenant =>
            {
                // Until the circuit is open, nothing is counted locally.
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

        // Half of it for the client, and half for the counter; an earlier version waited the whole for each.
        Assert.That(times.Min(), Is.LessThan(1.7 * CheckTimeout), string.Join(", ", times));
    }

    /// <param name="isHeardThere">
    /// The store hangs only when the other instance has received the message, and then rejects the key too.
    /// </param>
    private async Task RevokedAsync(bool isHeardThere)
    {
        Dictionary<TestClient, (string Id, TestClient Revoked)> made = [];
        await HoldsAsync(
            async tenant =>
            {
                await tenant.HasPolicyAsync("r", 7);
                var (id, key) = await MakeKeyAsync(tenant);
                var revoked = tenant.With(key);
                (await revoked.CheckAsync("u", "r")).MustBeOk();
                await IsAcceptedAsync(revoked.On(There));
                lock (made)
                {
                    made.Add(tenant, (id, revoked));
                }
            },
            async tenant =>
            {
                (
                    await tenant.SendAsync(HttpMethod.Delete, $"/keys/{made[tenant].Id}")
                ).MustBeStatus(204);
                await IsHeardAsync(made[tenant].Revoked, isHeardThere);
            },
            async tenant =>
                await IsKeptOutAsync(made[tenant].Revoked, isHeardThere)
                && (await CheckedAsync(tenant.On(There))).Status == 200
        );
    }

    /// <inheritdoc cref="RevokedAsync"/>
    private Task DeletedAsync(bool isHeardThere) =>
        HoldsAsync(
            async tenant =>
            {
                await tenant.HasPolicyAsync("r", 7);
                await IsAcceptedAsync(tenant.On(There));
            },
            async tenant =>
            {
                Assert.That((await tenant.DeleteAsync()).Status, Is.EqualTo(200).Or.EqualTo(202));
                await IsHeardAsync(tenant, isHeardThere);
            },
            tenant => IsKeptOutAsync(tenant, isHeardThere)
        );

    private async Task IsHeardAsync(TestClient client, bool there)
    {
        if (there)
        {
            await Poll.UntilAsync(
                "The message is not received.",
                Recovered,
                async () => (await client.On(There).CheckAsync("u", "r")).Status == 401
            );
        }
    }

    private async Task<bool> IsKeptOutAsync(TestClient client, bool there) =>
        (await CheckedAsync(client)).Status == 401
        && (!there || (await CheckedAsync(client.On(There))).Status == 401);

    private static Task<TimeSpan> IsAcceptedAsync(TestClient client) =>
        Poll.UntilAsync(
            "The key is not accepted.",
            Recovered,
            async () => (await client.CheckAsync("u", "r")).Status == 200
        );

    private static async Task<(string Id, string Key)> MakeKeyAsync(TestClient client)
    {
        var made = (
            await client.PostAsync("/keys", """{"name":"other","scopes":["check"]}""")
        ).MustBeOk();
        return (made["key_id"].GetString()!, made["api_key"].GetString()!);
    }
}

/// <inheritdoc/>
/// <remarks>With PostgreSQL, which confirms a change although the store hangs already.</remarks>
[TestFixture]
public sealed class RecordedChangeTests() : AnsweredChangeFixture(Store.Postgres)
{
    [Test]
    public async Task Change_WhileTheStoreHangs_Holds()
    {
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
                    && (await CheckedAsync(tenant, "s"))["limit"].GetInt64() == 5;
            },
            afterwards: async tenant => Assert.That(await LimitAsync(tenant), Is.EqualTo(9))
        );
    }
}
