using System.Text.Json;

namespace RateLimiter.EndToEndTests.Embedded;

/// <summary>What callers see of a full embedded store, and of one that has room again.</summary>
[TestFixture]
public sealed class EmbeddedRoomTests
{
    private const int PoliciesOfAClient = 1000;
    private const string Full = "The store is full";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    [Contract(
        "Embedded:MaxBytes: what is there stays, and nothing new is kept until there is room"
    )]
    public async Task Service_StoreIsFull_KeepsNothingNewAndForgetsNothing()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        (string, string)[] settings =
        [
            SharedServices.Patient,
            SharedServices.Open,
            ("Embedded__MaxBytes", $"{64 << 20}"),
        ];
        var service = await host.ServeAloneAsync(settings);
        var kept = await TestClient.RegisterAsync(service);
        foreach (var mode in new[] { "deny", "allow" })
        {
            (
                await kept.PostAsync(
                    "/policy",
                    $$"""{"route_key":"{{mode}}","limit":10,"window_seconds":3600,"on_store_failure":"{{mode}}"}"""
                )
            ).MustBeOk();
        }

        Assert.That((await kept.CheckAsync("u", "deny")).MustBeOk().IsDegraded, Is.False);
        var key = (await kept.PostAsync("/keys", """{"name":"x"}""")).MustBeOk();

        var tenants = await FillAsync(service);

        await MustRefuseWhatIsNewAsync(service, kept);
        await MustAnswerWhatIsThereAsync(service, kept, tenants);
        MustHaveSaid(service, full: 1, room: 0);

        // Operations that make room still work: on a key, a policy, the usage of a user, a client.
        (
            await kept.SendAsync(HttpMethod.Delete, $"/keys/{key["key_id"].GetString()}")
        ).MustBeStatus(204);
        (await kept.DeletePolicyAsync("allow")).MustBeOk();
        (await kept.SendAsync(HttpMethod.Delete, "/usage?user_id=u&route_key=deny")).MustBeStatus(
            204
        );
        var (gone, left) = (tenants[..(tenants.Count / 2)], tenants[(tenants.Count / 2)..]);
        foreach (var tenant in gone)
        {
            Assert.That((await tenant.DeleteAsync()).Status, Is.EqualTo(200).Or.EqualTo(202));
        }

        await Poll.UntilAsync(
            "There is no room.",
            Patience,
            async () => (await kept.SavePolicyAsync("new", 10)).Status == 200
        );
        (await new ApiClient(service).RegisterAsync("One more")).MustBeOk();
        await Poll.UntilAsync(
            "The store is still degraded.",
            Patience,
            async () => (await kept.GetAsync("/health/ready"))["status"].GetString() == "healthy"
        );
        Assert.That((await kept.CheckAsync("u", "deny")).MustBeOk().IsDegraded, Is.False);
        Assert.That(await kept.RemainingAsync("u", "deny"), Is.EqualTo(9));
        MustHaveSaid(service, full: 1, room: 1);

        await service.KillAsync();
        var again = await host.ServeAloneAsync(settings);
        await MustHaveAllAsync(left.Select(tenant => tenant.On(again)));
    }

    /// <returns>The clients that have used up the room.</returns>
    private static async Task<List<TestClient>> FillAsync(Service service)
    {
        // Takes some megabytes of memory: characters that are escaped there, in the policies and in the audit trail.
        var document = JsonSerializer.Serialize(
            new
            {
                policies = Enumerable
                    .Range(0, PoliciesOfAClient)
                    .Select(i => new
                    {
                        route_key = $"route-{i}",
                        limit = 10,
                        window_seconds = 60,
                        description = new string('\u20ac', 500),
                    }),
            }
        );
        var tenants = new List<TestClient>();
        while (true)
        {
            Assert.That(tenants, Has.Count.LessThan(50), "It is never full.");
            var registered = await new ApiClient(service).RegisterAsync("A tenant");
            if (registered.Status == 503)
            {
                return tenants;
            }

            var tenant = TestClient.Of(service, registered.MustBeOk());
            var imported = await tenant.SendAsync(HttpMethod.Put, "/policy/import", document);
            if (imported.Status == 503)
            {
                return tenants;
            }

            imported.MustBeOk();
            tenants.Add(tenant);
        }
    }

    private static async Task MustRefuseWhatIsNewAsync(Service service, TestClient client)
    {
        Answer[] refused =
        [
            await new ApiClient(service).RegisterAsync("One more"),
            await client.SavePolicyAsync("new", 10),
            await client.SavePolicyAsync("deny", 20),
            await client.PostAsync("/keys", """{"name":"y"}"""),
            await client.PostAsync("/keys/rotate", """{"grace_seconds":60}"""),
        ];
        foreach (var answer in refused)
        {
            answer.MustBeProblem(503);
            Assert.That(answer["detail"].GetString(), Does.StartWith(Full));
            Assert.That(answer.Headers["Retry-After"], Is.EqualTo("30"));
        }
    }

    private static async Task MustAnswerWhatIsThereAsync(
        Service service,
        TestClient client,
        List<TestClient> tenants
    )
    {
        var denied = (await client.CheckAsync("v", "deny")).MustBeOk();
        Assert.That((denied.Allowed, denied.IsDegraded), Is.EqualTo((false, true)));
        var allowed = (await client.CheckAsync("v", "allow")).MustBeOk();
        Assert.That((allowed.Allowed, allowed.IsDegraded), Is.EqualTo((true, true)));
        Assert.That(await client.RemainingAsync("u", "deny"), Is.EqualTo(9));
        foreach (
            var path in new[]
            {
                "/keys",
                "/policy/export",
                "/policy/history?route_key=deny",
                "/logs/latest",
                "/analytics/summary",
                "/audit",
            }
        )
        {
            (await client.GetAsync(path)).MustBeOk();
        }

        await MustHaveAllAsync(tenants);
        var ready = (await client.GetAsync("/health/ready")).MustBeOk();
        Assert.That(ready["status"].GetString(), Is.EqualTo("degraded"));
        Assert.That(ready["checks"].GetProperty("store").GetString(), Is.EqualTo("degraded"));
        var metrics = Metrics.Read(
            await Metrics.FreshAsync(service, it => it.Sum("ratelimiter_store_full") == 1)
        );
        Assert.That(
            metrics.Sum("ratelimiter_embedded_size_bytes"),
            Is.GreaterThanOrEqualTo(metrics.Sum("ratelimiter_embedded_max_size_bytes"))
        );
        Assert.That(metrics.Sum("ratelimiter_store_circuit_open"), Is.Zero);
    }

    private static async Task MustHaveAllAsync(IEnumerable<TestClient> tenants)
    {
        foreach (var tenant in tenants)
        {
            Assert.That(await tenant.PoliciesAsync(), Has.Count.EqualTo(PoliciesOfAClient));
        }
    }

    private static void MustHaveSaid(Service service, int full, int room)
    {
        Assert.That(
            service.OutputLines.Count(line => line.Contains("The embedded store is full")),
            Is.EqualTo(full)
        );
        Assert.That(
            service.OutputLines.Count(line => line.Contains("has room again")),
            Is.EqualTo(room)
        );
        Assert.That(service.Output, Does.Not.Contain("does not answer"));
    }
}
