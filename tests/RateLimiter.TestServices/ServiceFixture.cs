using NUnit.Framework.Interfaces;

namespace RateLimiter.TestServices;

/// <summary>Tests on the shared service, each with its own tenant.</summary>
[TestFixture]
public abstract class ServiceFixture
{
    protected Service Service { get; private set; } = null!;

    protected StoreHost Host { get; private set; } = null!;

    protected TestClient Client { get; private set; } = null!;

    protected ApiClient Visitor { get; private set; } = null!;

    [SetUp]
    public async Task RegisterAsync()
    {
        (Host, Service) = await SharedServices.OfAsync();
        Visitor = new ApiClient(Service);
        Client = await TestClient.RegisterAsync(Service);
    }

    [TearDown]
    public async Task PrintOutputAsync()
    {
        if (
            TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed
            && Service is not null
        )
        {
            await TestContext.Out.WriteLineAsync(Service.Output);
        }
    }
}
