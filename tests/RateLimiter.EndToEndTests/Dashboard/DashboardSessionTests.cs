using StackExchange.Redis;

namespace RateLimiter.EndToEndTests.Dashboard;

/// <summary>Signing in to services with special settings, to two instances, and to services that stop.</summary>
[TestFixture]
public sealed class DashboardSessionTests
{
    [Test]
    public async Task SignIn_TooManyWrongKeys_SaysHowLongToWait()
    {
        await using var host = await StoreHost.StartAnyAsync();
        var service = await host.ServeAsync(
            SharedServices.Patient,
            SharedServices.BehindProxy,
            ("Authentication__FailureLimit", "2")
        );
        var guesser = new DashboardVisitor(service);
        var from = ("X-Forwarded-For", "203.0.113.7");
        await guesser.SignInAsync("wrong", null, from);
        await guesser.SignInAsync("wrong", null, from);

        var answer = await guesser.SignInAsync("wrong", null, from);

        answer.MustBeStatus(429);
        Assert.That(answer.Headers["Retry-After"], Does.Match("^[0-9]+$"));
        Assert.That(answer.Text, Does.Match("Try again in [0-9]+ seconds"));
        var other = await guesser.SignInAsync("wrong", null, ("X-Forwarded-For", "203.0.113.8"));
        other.MustBeStatus(401);
    }

    [Test]
    public async Task Session_AtAnotherInstance_IsStillGood()
    {
        var (_, first) = await SharedServices.OfAsync(Store.Redis);
        var (_, second) = await SharedServices.SecondOfAsync(Store.Redis);
        var person = new DashboardVisitor(first);
        await person.SignInAsync((await TestClient.RegisterAsync(first)).Key);

        (await person.On(second).GetAsync("/dashboard/")).MustBeOk();
    }

    [Test]
    public async Task SignOut_AtOneInstance_EndsTheSessionAtTheOther()
    {
        var (_, first) = await SharedServices.OfAsync(Store.Redis);
        var (_, second) = await SharedServices.SecondOfAsync(Store.Redis);
        var person = new DashboardVisitor(first);
        await person.SignInAsync((await TestClient.RegisterAsync(first)).Key);
        var copy = person.On(second);
        (await copy.GetAsync("/dashboard/")).MustBeOk();

        await person.SignOutAsync();

        (await copy.GetAsync("/dashboard/")).MustBeStatus(302);
    }

    [Test]
    public async Task Session_InTheStore_HasAnEndInAnyCase()
    {
        var (host, service) = await SharedServices.OfAsync(Store.Redis);
        var person = new DashboardVisitor(service);
        await person.SignInAsync((await TestClient.RegisterAsync(service)).Key);
        await person.GetAsync("/dashboard/");
        await using var redis = await ConnectionMultiplexer.ConnectAsync(
            host.Redis.ConnectionString
        );
        var sessions = redis.GetServers()[0].Keys(pattern: "rl:session:*").ToList();

        Assert.That(sessions, Is.Not.Empty);
        foreach (var session in sessions)
        {
            Assert.That(
                await redis.GetDatabase().KeyTimeToLiveAsync(session),
                Is.GreaterThan(TimeSpan.Zero).And.AtMost(TimeSpan.FromDays(1))
            );
        }
    }

    [Test]
    public async Task Session_ThatTheStoreDoesNotKnow_IsOver()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var service = await host.ServeAsync(SharedServices.Patient);
        var person = new DashboardVisitor(service);
        await person.SignInAsync((await TestClient.RegisterAsync(service)).Key);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(
            host.Redis.ConnectionString
        );
        var session = redis.GetServers()[0].Keys(pattern: "rl:session:*").Single();
        await redis.GetDatabase().KeyDeleteAsync(session);

        (await person.GetAsync("/dashboard/")).MustBeStatus(302);
    }

    [Test]
    public async Task Session_AfterARestart_IsStillGood()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var before = await host.ServeAloneAsync(SharedServices.Patient);
        var client = await TestClient.RegisterAsync(before);
        var person = new DashboardVisitor(before);
        await person.SignInAsync(client.Key);
        await before.KillAsync();
        var after = await host.ServeAsync(SharedServices.Patient);

        (await person.On(after).GetAsync("/dashboard/")).MustBeOk();
    }
}

/// <summary>The dashboard while its store is down; an embedded store is down only together with the service.</summary>
[TestFixture]
public sealed class DashboardOutageTests
{
    [Test]
    public async Task Any_StoreDown_SaysSoInPlainWords()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        await host.Redis.KillAsync();
        var service = await host.ServeAsync();

        foreach (var path in new[] { "/dashboard/", DashboardVisitor.SignInPath })
        {
            var answer = await new DashboardVisitor(service).GetAsync(path);

            answer.MustBeStatus(503);
            Assert.That(answer.Text, Does.Contain("The store does not answer"));
            Assert.That(answer.Headers["Retry-After"], Is.EqualTo("1"));
        }

        (
            await new DashboardVisitor(service).GetAsync(
                "/dashboard/_content/RateLimiter.Dashboard/styles/base.css"
            )
        ).MustBeOk();
    }
}
