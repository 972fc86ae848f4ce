using MediatR;

namespace RateLimiter.ArchitectureTests;

public sealed class UseCaseTests
{
    private static readonly Type[] Handlers = Implementing(typeof(IRequestHandler<,>));
    private static readonly Type[] Requests = Implementing(typeof(IRequest<>));

    [Test]
    public void Handlers_AnyOfThem_AreInternalSealedAndNamedSo()
    {
        Assert.That(Handlers, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Handlers.Where(type => type.IsVisible || !type.IsSealed), Is.Empty);
            Assert.That(Handlers.Select(type => type.Name), Is.All.EndsWith("Handler"));
        }
    }

    [Test]
    public void Requests_AnyOfThem_ArePublicSealedAndNamedCommandOrQuery()
    {
        Assert.That(Requests, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Requests.Where(type => !type.IsPublic || !type.IsSealed), Is.Empty);
            Assert.That(
                Requests.Select(type => type.Name),
                Is.All.EndsWith("Command").Or.EndsWith("Query")
            );
        }
    }

    [Test]
    public void Requests_AnyOfThem_HaveAHandlerOfTheirNameBesideThem()
    {
        var expected = Requests.Select(request =>
            $"{request.Namespace}.{Bare(request.Name)}Handler"
        );

        Assert.That(Handlers.Select(handler => handler.FullName), Is.EquivalentTo(expected));
    }

    [Test]
    public void HandlersAndRequests_AnyOfThem_AreInTheApplication() =>
        Assert.That(
            Handlers.Concat(Requests).Select(type => type.Assembly),
            Is.All.EqualTo(Layers.Application)
        );

    [Test]
    public void NamesOfHandlersAndRequests_AnyOfThem_BelongToSuchTypesOnly()
    {
        var misnamed = Layers
            .Application.WrittenTypes()
            .Except(Handlers.Concat(Requests))
            .Where(type =>
                type.Name.EndsWith("Handler", StringComparison.Ordinal)
                || type.Name.EndsWith("Command", StringComparison.Ordinal)
                || type.Name.EndsWith("Query", StringComparison.Ordinal)
            );

        Assert.That(misnamed, Is.Empty);
    }

    private static string Bare(string request) =>
        request.EndsWith("Command", StringComparison.Ordinal)
            ? request[..^"Command".Length]
            : request[..^"Query".Length];

    private static Type[] Implementing(Type contract) =>
        [
            .. Layers
                .All.SelectMany(layer => layer.WrittenTypes())
                .Where(type =>
                    type.GetInterfaces()
                        .Any(implemented =>
                            implemented.IsGenericType
                            && implemented.GetGenericTypeDefinition() == contract
                        )
                ),
        ];
}
