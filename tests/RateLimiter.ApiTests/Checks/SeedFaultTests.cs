using System.Diagnostics;
using System.Text.Json;

namespace RateLimiter.ApiTests.Checks;

/// <summary>
/// The defects of the original service that this one replaces, each with a test that it is fixed, named after it. Those that
/// need access to the store are in <c>SeedFaultInStoreTests</c>.
/// </summary>
public sealed class SeedFaultTests : ServiceFixture
{
    [Test]
    public async Task CheckRace_200ParallelChecksAtLimit10_AllowsExactly10()
    {
        await Client.HasPolicyAsync("r", 10);

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => Client.CheckAsync("u", "r"))
        );

        Assert.That(
            answers.Where(answer => answer.MustBeOk().Allowed).Select(answer => answer.Remaining),
            Is.EquivalentTo(Enumerable.Range(0, 10))
        );
    }

    [Test]
    public async Task CountersSharedBetweenTenants_SameNamesUnderTwoKeys_CountApart()
    {
        var other = await TestClient.RegisterAsync(Service);
        await Client.HasPolicyAsync("r", 10);
        await other.HasPolicyAsync("r", 10);

        await Client.CheckAsync("u", "r", cost: 10);

        Assert.That(await other.RemainingAsync("u", "r"), Is.EqualTo(10));
    }

    [TestCase("a", "b:c", "a:b", "c", TestName = "{m}(colon)")]
    [TestCase("a", "1:b", "a1:", "b", TestName = "{m}(length)")]
    [TestCase("a}", "b", "a", "}b", TestName = "{m}(brace)")]
    [TestCase("a|", "b", "a", "|b", TestName = "{m}(bar)")]
    [TestCase("a ", "b", "a", " b", TestName = "{m}(space)")]
    [TestCase("ab", "c", "a", "bc", TestName = "{m}(nothing)")]
    public async Task SeparatorsMergingCounters_NamesThatJoinToTheSame_CountApart(
        string user,
        string route,
        string otherUser,
        string otherRoute
    )
    {
        await Client.HasPolicyAsync(route, 10);
        await Client.HasPolicyAsync(otherRoute, 10);

        await Client.CheckAsync(user, route, cost: 10);

        Assert.That(await Client.RemainingAsync(otherUser, otherRoute), Is.EqualTo(10));
    }

    [Test]
    public async Task SeparatorsMergingPolicies_RouteAndRoleThatJoinToTheSame_AreTwoPolicies()
    {
        await Client.HasPolicyAsync("a", 1, role: "b:c");
        await Client.HasPolicyAsync("a:b", 2, role: "c");

        Assert.That(await Client.PoliciesAsync(), Has.Count.EqualTo(2));
        Assert.That(await Client.RemainingAsync("u", "a", "b:c"), Is.EqualTo(1));
        Assert.That(await Client.RemainingAsync("u", "a:b", "c"), Is.EqualTo(2));
    }

    [Test]
    public async Task PolicyWithoutRoleNeverMatches_CheckWithoutRole_Matches()
    {
        await Client.HasPolicyAsync("r", 10);

        Assert.That((await Client.CheckAsync("u", "r")).MustBeOk().Remaining, Is.EqualTo(9));
    }

    [Test]
    public async Task PolicyWithoutRoleCannotBeDeleted_DeleteWithoutRole_DeletesIt()
    {
        await Client.HasPolicyAsync("r", 10);

        (await Client.DeletePolicyAsync("r")).MustBeOk();

        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    [Test]
    public async Task UnknownRole_RouteWithDefaultPolicy_FallsBackToIt()
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.HasPolicyAsync("r", 99, role: "paid");

        var answer = await Client.CheckAsync("u", "r", "no such role");

        Assert.That(answer.MustBeOk()["limit"].GetInt64(), Is.EqualTo(10));
        Assert.That(answer["matched_role"].GetString(), Is.EqualTo("default"));
    }

    [Test]
    public async Task UnknownRole_RouteWithoutDefaultPolicy_AnswersNotFound()
    {
        await Client.HasPolicyAsync("r", 99, role: "paid");

        (await Client.CheckAsync("u", "r", "no such role")).MustBeProblem(404);
    }

    [Test]
    public async Task ColonInRouteBreaksTheList_RouteWithColons_IsListed()
    {
        await Client.HasPolicyAsync("a:b:c:d", 10, role: "x:y");

        var policy = (await Client.PoliciesAsync()).Single();

        Assert.That(policy.GetProperty("route_key").GetString(), Is.EqualTo("a:b:c:d"));
        Assert.That(policy.GetProperty("role").GetString(), Is.EqualTo("x:y"));
    }

    [Test]
    public async Task ChangedWindowIgnoredUntilTheOldOneEnds_WindowChanged_CountsInTheNewOne()
    {
        await Client.HasPolicyAsync("r", 1, windowSeconds: 3600);
        await Client.CheckAsync("u", "r");

        await Client.HasPolicyAsync("r", 1, windowSeconds: 60);
        var answer = await Client.CheckAsync("u", "r");

        Assert.That(answer.Allowed, Is.True);
        Assert.That(answer["reset_in"].GetInt64(), Is.EqualTo(60));
    }

    [Test]
    public async Task RemainingNullOnDenial_Denied_RemainingIsANumber()
    {
        await Client.HasPolicyAsync("r", 0);

        var remaining = (await Client.CheckAsync("u", "r"))["remaining"];

        Assert.That(remaining.ValueKind, Is.EqualTo(JsonValueKind.Number));
    }

    [Test]
    public async Task RolesSharingOneCounter_TwoRolesOfOneUser_CountApart()
    {
        await Client.HasPolicyAsync("r", 10, role: "a");
        await Client.HasPolicyAsync("r", 10, role: "b");

        await Client.CheckAsync("u", "r", "a", cost: 10);

        Assert.That(await Client.RemainingAsync("u", "r", "b"), Is.EqualTo(10));
    }

    [TestCase(100, 60)]
    [TestCase(1000, 3600)]
    [TestCase(1_000_000_000, 31_536_000)]
    public async Task LimitUnder100AndWindowUnder60Caps_GreaterOnes_AreAccepted(
        long limit,
        long windowSeconds
    )
    {
        (await Client.SavePolicyAsync("r", limit, windowSeconds)).MustBeOk();

        var answer = await Client.CheckAsync("u", "r");

        Assert.That(answer.Remaining, Is.EqualTo(limit - 1));
        Assert.That(answer["reset_in"].GetInt64(), Is.EqualTo(windowSeconds));
    }

    [Test]
    public async Task MissingKeyAnswered422_NoKey_Answers401()
    {
        (await Visitor.PostAsync("/check", "{}")).MustBeProblem(401);
    }

    [Test]
    public async Task StaleFieldsAfterAnUpdate_SavedWithoutThem_AreGone()
    {
        (await Client.SavePolicyAsync("r", 10, description: "old", isActive: false)).MustBeOk();

        var policy = (await Client.SavePolicyAsync("r", 10)).MustBeOk()["policy"];

        Assert.That(policy.GetProperty("description").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(policy.GetProperty("is_active").GetBoolean(), Is.True);
        Assert.That((await Client.CheckAsync("u", "r")).Reason, Is.Null);
    }

    [Test]
    public async Task IpLimitRace_40ParallelRegistrations_AllowsExactly5()
    {
        var (_, service) = await SharedServices.BehindProxyOfAsync();
        await TestClient.RegisterAsync(service, Addresses.NewIPv4());
        var visitor = new ApiClient(service);
        var caller = Addresses.NewIPv4();

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(_ => visitor.RegisterAsync("x", caller))
        );

        Assert.That(answers.Count(answer => answer.Status == 200), Is.EqualTo(5));
        Assert.That(answers.Count(answer => answer.Status == 429), Is.EqualTo(35));
    }

    [Test]
    public async Task IpLimitWithoutRetryAfter_TooManyRegistrations_SayWhenToComeAgain()
    {
        var visitor = new ApiClient((await SharedServices.BehindProxyOfAsync()).Service);
        var caller = Addresses.NewIPv4();

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(_ => visitor.RegisterAsync("x", caller))
        );

        var refused = answers.Single(answer => answer.Status == 429);
        Assert.That(refused.Headers["Retry-After"], Does.Match("^([1-9]|[1-5][0-9]|60)$"));
    }

    [Test]
    public async Task IpLimitWithoutExpiry_WindowOver_MayRegisterAgain()
    {
        await using var host = await StoreHost.StartAsync();
        var service = await host.ServeAsync(
            SharedServices.Patient,
            SharedServices.BehindProxy,
            ("Registration__PermitLimit", "1"),
            ("Registration__WindowSeconds", "1")
        );
        await TestClient.RegisterAsync(service, Addresses.NewIPv4());
        var visitor = new ApiClient(service);
        var caller = Addresses.NewIPv4();
        var clock = Stopwatch.StartNew();
        (await visitor.RegisterAsync("x", caller)).MustBeOk();

        var wait = await Poll.UntilAsync(
            "The window does not end.",
            TimeSpan.FromSeconds(10),
            async () => (await visitor.RegisterAsync("x", caller)).Status == 200
        );

        Assert.That(clock.Elapsed, Is.GreaterThan(TimeSpan.FromSeconds(1)), $"{wait}");
    }

    [TestCase("/register", "name", 101)]
    [TestCase("/policy", "route_key", 129)]
    [TestCase("/policy", "role", 129)]
    [TestCase("/policy", "description", 501)]
    [TestCase("/check", "user_id", 257)]
    [TestCase("/check", "route_key", 129)]
    [TestCase("/check", "role", 129)]
    public async Task NoLengthCaps_TextTooLong_IsRefused(string path, string field, int length)
    {
        var members = new Dictionary<string, object>();
        if (path != "/register")
        {
            members["route_key"] = "r";
        }

        if (path == "/policy")
        {
            members["limit"] = 1;
            members["window_seconds"] = 1;
        }

        if (path == "/check")
        {
            members["user_id"] = "u";
        }

        members[field] = "x".Times(length);

        (await Client.PostAsync(path, JsonSerializer.Serialize(members))).MustRefuse(field);
    }
}
