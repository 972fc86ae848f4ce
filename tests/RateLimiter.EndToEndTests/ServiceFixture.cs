using NUnit.Framework.Interfaces;

namespace RateLimiter.EndToEndTests;

/// <summary>Tests on the shared service of a store, each with its own tenant.</summary>
[TestFixture(Store.Embedded)]
[TestFixture(Store.Redis)]
public abstract class ServiceFixture(Store store)
{
    protected Store Store { get; } = store;

    protected Service Service { get; private set; } = null!;

    protected StoreHost Host { get; private set; } = null!;

    protected Client Client { get; private set; } = null!;

    protected ApiClient Visitor { get; private set; } = null!;

    [SetUp]
    public async Task RegisterAsync()
    {
        (Host, Service) = await SharedServices.OfAsync(Store);
        Visitor = new ApiClient(Service);
        Client = await Client.RegisterAsync(Service);
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
