using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Embedded;

/// <summary>Two services on one folder of the embedded store, which only one of them can use.</summary>
[TestFixture]
public sealed class TwoInstancesOnOneFolderTests
{
    [Test]
    public async Task Start_FolderInUse_EndsWithOneLineAndDamagesNothing()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var first = await host.ServeAloneAsync(SharedServices.Patient);
        var client = await TestClient.RegisterAsync(first);
        await client.HasPolicyAsync("r", 10);
        await client.CheckAsync("u", "r");

        var second = await host.ServeInVainAsync();

        Assert.That(
            second,
            Does.Contain("Embedded:DataDirectory")
                .And.Contain(Path.Combine(host.Directory, "data"))
                .And.Contain("in use")
        );
        Assert.That((await client.CheckAsync("u", "r")).Remaining, Is.EqualTo(8));

        await first.KillAsync();
        var again = await client.OnceOnAsync(await host.ServeAsync(SharedServices.Patient));
        Assert.That((await again.CheckAsync("u", "r")).MustBeOk().Remaining, Is.EqualTo(7));
    }

    [Test]
    public async Task Start_OtherFolder_RunsBesideTheFirst()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        using var folder = new TemporaryFolder();
        var first = await TestClient.RegisterAsync(await host.ServeAsync(SharedServices.Patient));

        var second = await host.ServeAsync(
            SharedServices.Patient,
            ("Embedded__DataDirectory", folder.Path)
        );

        await first.HasPolicyAsync("r", 1);
        (await first.On(second).GetAsync("/policy")).MustBeProblem(401);
    }
}
