using MediatR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Moq;
using RateLimiter.Application;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Reservations;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application;

public sealed class ApplicationServicesTests
{
    [Test]
    public void AddApplication_EveryRequest_HasOneHandlerThatCanBeMade()
    {
        using var services = Services();
        var contracts = (
            from type in typeof(ApplicationServices).Assembly.GetTypes()
            from request in type.GetInterfaces()
            where request.IsGenericType && request.GetGenericTypeDefinition() == typeof(IRequest<>)
            select typeof(IRequestHandler<,>).MakeGenericType(
                type,
                request.GetGenericArguments()[0]
            )
        ).ToList();

        Assert.That(contracts, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            foreach (var contract in contracts)
            {
                Assert.That(services.GetServices(contract).ToList(), Has.Count.EqualTo(1));
            }
        }
    }

    [Test]
    public async Task AddApplication_RequestSent_IsHandled()
    {
        using var services = Services();
        var mediator = services.GetRequiredService<IMediator>();

        Assert.That(
            (await mediator.Send(new ListPoliciesQuery(TestData.Client))).Policies,
            Is.Empty
        );
    }

    private static ServiceProvider Services()
    {
        var policies = new Mock<IPolicyRepository>();
        policies
            .Setup(it => it.ListAsync(TestData.Client, It.IsAny<CancellationToken>()))
            .ReturnsAsync(new PolicySet(0, []));
        return new ServiceCollection()
            .AddApplication()
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddSingleton(TimeProvider.System)
            .AddKeyedSingleton(StoreOptions.Section, TimeProvider.System)
            .AddSingleton(policies.Object)
            .AddSingleton(Mock.Of<ICounterStore>())
            .AddSingleton(Mock.Of<IReservationStore>())
            .AddSingleton(Mock.Of<IClientRepository>())
            .AddSingleton(Mock.Of<IDeletionRepository>())
            .AddSingleton(Mock.Of<IHostApplicationLifetime>())
            .AddLogging()
            .AddSingleton(Mock.Of<IAuditRepository>())
            .AddSingleton(Mock.Of<IKeyRepository>())
            .AddSingleton(Mock.Of<IClientChanges>())
            .AddSingleton(Mock.Of<IDecisionLog>())
            .AddSingleton(Mock.Of<IAnalytics>())
            .AddSingleton(Mock.Of<IDecisionFeed>())
            .BuildServiceProvider(validateScopes: true);
    }
}
