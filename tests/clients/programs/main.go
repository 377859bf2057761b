// Two wallets and a transfer with the client that oapi-codegen generates.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
)

func walletOf(client *ClientWithResponses, wait *string, owner string) int64 {
	body := OpenWalletBody{Currency: "RUB", Owner: &owner}
	answer, err := client.OpenWalletWithResponse(context.Background(), &OpenWalletParams{Prefer: wait}, body)
	if err != nil || answer.JSON201 == nil {
		log.Fatal(err, answer)
	}
	return answer.JSON201.WalletId
}

func main() {
	wait, authorization := "wait=10", "Bearer "+os.Args[2]
	client, err := NewClientWithResponses(os.Args[1], WithRequestEditorFn(
		func(_ context.Context, request *http.Request) error {
			request.Header.Set("Authorization", authorization)
			return nil
		}))
	if err != nil {
		log.Fatal(err)
	}
	source, destination := walletOf(client, &wait, "ann"), walletOf(client, &wait, "bob")
	credit := AdjustmentBody{
		WalletId: source, Amount: "100", Currency: "RUB", Direction: "credit", Reason: "opening",
	}
	if _, err := client.AdjustWithResponse(context.Background(), &AdjustParams{Prefer: &wait}, credit); err != nil {
		log.Fatal(err)
	}
	body := TransferBody{
		SourceWalletId: source, DestinationWalletId: destination, Amount: "12.30", Currency: "RUB",
	}
	moved, err := client.CreateTransferWithResponse(context.Background(), &CreateTransferParams{Prefer: &wait}, body)
	if err != nil || moved.JSON201 == nil {
		log.Fatal(err, moved)
	}
	if moved.JSON201.SourceBalance != "87.70" || moved.JSON201.DestinationBalance != "12.30" {
		log.Fatal(moved.JSON201)
	}
	fmt.Println(moved.JSON201.TransferId)
}
